// One step per frame; the caller's registers replace the callee's in place.
#include "unwind/unwinder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "unwind/cfi_lookup.h"
#include "unwind/expression.h"

namespace prof {
namespace {

constexpr size_t kCacheEntries = 16384;
constexpr uint64_t kNeverLookedUp = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kMaxFrameBytes = 64ull << 20;   // beyond this a CFA is taken for garbage
constexpr uint64_t kMaxFpFrameBytes = 1ull << 20;  // frame pointers prove less, so less is believed
constexpr uint64_t kEntryBytes = 64;               // the start code of a program, ld.so's _start included

constexpr uint32_t bit(size_t reg) { return uint32_t{1} << reg; }
constexpr uint32_t kAllKnown = bit(kRegisterCount) - 1;
// What a rule restores; every other register is the callee's and means nothing in the caller.
constexpr uint32_t kFollowed = bit(kRegRbp) | bit(kRegRbx) | bit(kRegRsp) | bit(kRegRip);

// A pc without a rule keeps what its code bytes said in the unused fields of the rule.
struct NoRuleHints {
  CodeHints code;
  bool is_program_entry;

  [[nodiscard]] CfiRule pack() const {
    CfiRule rule;
    rule.cfa_reg = is_program_entry ? 1 : 0;
    rule.cfa_offset = static_cast<int32_t>(code.leaf);
    rule.rbp_offset = code.in_signal_return ? 1 : 0;
    rule.rbx_offset = code.calls_signal_return ? 1 : 0;
    return rule;
  }
  static NoRuleHints unpack(const CfiRule& rule) {
    return {{static_cast<LeafForm>(rule.cfa_offset), rule.rbp_offset != 0, rule.rbx_offset != 0},
            rule.cfa_reg != 0};
  }
};

// Position of each DWARF register among the general registers of struct sigcontext: r8-r15 rdi rsi rbp rbx
// rdx rax rcx rsp rip (kernel, uapi/asm/sigcontext.h), which follow 40 bytes of ucontext.
constexpr uint64_t kGregsOffset = 40;
constexpr std::array<uint8_t, kRegisterCount> kGregOfDwarf{13, 12, 14, 11, 9, 8, 10, 15, 0,
                                                           1,  2,  3,  4,  5, 6, 7,  16};

std::optional<CfiRule> rule_in(const CodeRange& range, uint64_t va) {
  if (range.table != nullptr) {
    const CfiRule* rule = range.table->find(va);
    return rule == nullptr ? std::nullopt : std::optional(*rule);
  }
  return range.image == nullptr ? std::nullopt : look_up_rule(*range.image, va);
}

// ld.so's _start has no call-frame data, and neither have hand-written ones. Where the entry has some, what
// follows it without is other code (crtstuff's).
bool is_program_entry(const CodeRange& range, uint64_t lookup) {
  return range.entry != 0 && lookup - range.bias - range.entry < kEntryBytes && !rule_in(range, range.entry);
}

}  // namespace

class Unwinder::Walk {
 public:
  Walk(const Registers& registers, const StackCopy& stack) : registers_(registers), stack_(stack) {}

  // Return addresses are looked up one byte back: a call that never returns is the last instruction of its
  // function. The sampled frame and one that a signal interrupted stand at the instruction itself.
  [[nodiscard]] uint64_t lookup() const { return exact_ ? pc() : pc() - 1; }
  [[nodiscard]] uint64_t pc() const { return registers_.value[kRegRip]; }

  /// Moves to the caller; a value means that the walk ends here.
  std::optional<StackEnd> leave(const CodeStep& step) {
    return step.rule.cfa == CfaKind::none ? leave_without_rule(step) : leave_by_rule(step);
  }

 private:
  std::optional<StackEnd> leave_by_rule(const CodeStep& step) {
    const CfiRule& rule = step.rule;
    if (rule.ra != RaKind::at_cfa) {
      if (rule.ra == RaKind::undefined) return StackEnd::root;
      return rule.ra == RaKind::signal_frame ? leave_signal_frame() : StackEnd::unsupported;
    }
    uint64_t cfa = 0;
    if (const auto end = find_cfa(step, cfa)) return end;
    if (cfa <= sp() || (cfa & 7) != 0 || cfa - sp() > kMaxFrameBytes) return StackEnd::bad_cfa;
    uint64_t return_address = 0;
    if (!stack_.read_word(cfa - 8, return_address)) return StackEnd::truncated_copy;

    uint64_t rbp = registers_.value[kRegRbp];
    uint64_t rbx = registers_.value[kRegRbx];
    uint32_t known = known_ & kFollowed;
    if (!restore(rule.rbp, rule.rbp_offset, cfa, rbp, bit(kRegRbp), known)) return StackEnd::truncated_copy;
    if (!restore(rule.rbx, rule.rbx_offset, cfa, rbx, bit(kRegRbx), known)) return StackEnd::truncated_copy;
    known_ = known;
    return enter(return_address, cfa, rbp, rbx);
  }

  std::optional<StackEnd> find_cfa(const CodeStep& step, uint64_t& cfa) const {
    const CfiRule& rule = step.rule;
    const auto offset = static_cast<uint64_t>(int64_t{rule.cfa_offset});
    switch (rule.cfa) {
      case CfaKind::rsp:
        cfa = sp() + offset;
        return std::nullopt;
      case CfaKind::rbp:
        if ((known_ & bit(kRegRbp)) == 0) return StackEnd::unsupported;
        cfa = registers_.value[kRegRbp] + offset;
        return std::nullopt;
      case CfaKind::deref_rsp:
        return read_cfa(sp() + offset, cfa);
      case CfaKind::deref_rbp:
        if ((known_ & bit(kRegRbp)) == 0) return StackEnd::unsupported;
        return read_cfa(registers_.value[kRegRbp] + offset, cfa);
      case CfaKind::plt:
        cfa = sp() + 8 + ((pc() & 15) >= 11 ? 8 : 0);
        return std::nullopt;
      case CfaKind::reg:
        if ((known_ & bit(rule.cfa_reg)) == 0) return StackEnd::unsupported;
        cfa = registers_.value[rule.cfa_reg] + offset;
        return std::nullopt;
      case CfaKind::expression:
        return evaluate_cfa(step, cfa);
      case CfaKind::none:
      case CfaKind::unsupported:
        break;
    }
    return StackEnd::unsupported;
  }

  std::optional<StackEnd> read_cfa(uint64_t address, uint64_t& cfa) const {
    if (stack_.read_word(address, cfa)) return std::nullopt;
    return StackEnd::truncated_copy;
  }

  std::optional<StackEnd> evaluate_cfa(const CodeStep& step, uint64_t& cfa) const {
    const CodeRange& range = *step.range;
    const auto pool = range.table != nullptr ? range.table->expressions()
                                             : std::span<const std::byte>(range.image->eh_frame.bytes);
    const auto bytes = pool.subspan(static_cast<size_t>(step.rule.cfa_offset), step.rule.cfa_reg);
    switch (evaluate(bytes, registers_, known_, stack_, cfa)) {
      case EvalResult::ok:
        return std::nullopt;
      case EvalResult::outside_copy:
        return StackEnd::truncated_copy;
      case EvalResult::unsupported:
        break;
    }
    return StackEnd::unsupported;
  }

  // A slot below the sampled rsp has been popped already (an epilogue whose rows do not say so): then the
  // register holds the caller's value again. So it does when a slot that hangs on rbp lies outside the frame:
  // gcc gives no row after the `leave` of a realigned function, and rbp is the caller's by then.
  bool restore(SaveKind kind, int32_t offset, uint64_t cfa, uint64_t& value, uint32_t reg,
               uint32_t& known) const {
    uint64_t slot = static_cast<uint64_t>(int64_t{offset});
    switch (kind) {
      case SaveKind::same:
        return true;
      case SaveKind::undefined:
        value = 0;
        known |= reg;
        return true;
      case SaveKind::lost:
        known &= ~reg;
        return true;
      case SaveKind::at_cfa:
        slot += cfa;
        break;
      case SaveKind::at_rbp:
        slot += registers_.value[kRegRbp];
        if (slot >= cfa) return true;
        break;
      case SaveKind::at_rsp:
        slot += sp();
        break;
    }
    if (slot < stack_.base) return true;
    known |= reg;
    return stack_.read_word(slot, value);
  }

  std::optional<StackEnd> leave_signal_frame() {
    Registers interrupted;
    for (size_t reg = 0; reg < kRegisterCount; ++reg) {
      const uint64_t slot = sp() + kGregsOffset + 8 * uint64_t{kGregOfDwarf[reg]};
      if (!stack_.read_word(slot, interrupted.value[reg])) return StackEnd::truncated_copy;
    }
    registers_ = interrupted;
    known_ = kAllKnown;
    exact_ = true;
    return std::nullopt;
  }

  std::optional<StackEnd> leave_without_rule(const CodeStep& step) {
    const NoRuleHints hints = NoRuleHints::unpack(step.rule);
    if (exact_ ? hints.code.in_signal_return : hints.code.calls_signal_return) return leave_signal_frame();
    if (hints.is_program_entry) return StackEnd::root;
    const uint64_t rbp = registers_.value[kRegRbp];
    const LeafForm form = exact_ ? hints.code.leaf : LeafForm::framed;
    if (form == LeafForm::ra_at_sp) return leave_frameless(sp(), rbp);
    if ((known_ & bit(kRegRbp)) == 0) return StackEnd::unsupported;
    if (form == LeafForm::rbp_at_sp) {
      uint64_t saved = 0;
      if (!stack_.read_word(sp(), saved)) return StackEnd::truncated_copy;
      return leave_frameless(sp() + 8, saved);
    }
    return leave_by_frame_pointer(rbp);
  }

  std::optional<StackEnd> leave_frameless(uint64_t slot, uint64_t rbp) {
    uint64_t return_address = 0;
    if (!stack_.read_word(slot, return_address)) return StackEnd::truncated_copy;
    known_ = (known_ & kFollowed) | bit(kRegRbp);
    return enter(return_address, slot + 8, rbp, registers_.value[kRegRbx]);
  }

  std::optional<StackEnd> leave_by_frame_pointer(uint64_t rbp) {
    // Go's goexit and clone() start threads with rbp 0. Where code was interrupted, 0 proves nothing.
    if (rbp == 0 && !exact_) return StackEnd::root;
    if (rbp < sp() || (rbp & 7) != 0 || rbp - sp() >= kMaxFpFrameBytes) return StackEnd::bad_fp;
    uint64_t saved = 0;
    uint64_t return_address = 0;
    if (!stack_.read_word(rbp, saved) || !stack_.read_word(rbp + 8, return_address)) {
      return StackEnd::truncated_copy;
    }
    // Whether this function saved rbx is not known.
    known_ = (known_ & kFollowed & ~bit(kRegRbx)) | bit(kRegRbp);
    return enter(return_address, rbp + 16, saved, 0);
  }

  std::optional<StackEnd> enter(uint64_t pc, uint64_t sp, uint64_t rbp, uint64_t rbx) {
    registers_.value[kRegRip] = pc;
    registers_.value[kRegRsp] = sp;
    registers_.value[kRegRbp] = rbp;
    registers_.value[kRegRbx] = rbx;
    exact_ = false;
    if (pc == 0) return StackEnd::root;
    return std::nullopt;
  }

  [[nodiscard]] uint64_t sp() const { return registers_.value[kRegRsp]; }

  Registers registers_;
  StackCopy stack_;
  uint32_t known_ = kAllKnown;
  bool exact_ = true;
};

Unwinder::Unwinder(const CodeMap& map, CodeReader& reader) : map_(map), reader_(reader) { flush(); }

void Unwinder::flush() { cache_.assign(kCacheEntries, CodeStep{kNeverLookedUp, nullptr, CfiRule{}}); }

StackEnd Unwinder::unwind(const Registers& registers, StackCopy stack, std::vector<UnwoundFrame>& out) {
  out.clear();
  Walk walk(registers, stack);
  while (out.size() < kMaxStackDepth) {
    const CodeStep& step = step_at(walk.lookup());
    out.push_back({step.lookup, step.range});
    if (step.range == nullptr) return StackEnd::no_map;
    if (const auto end = walk.leave(step)) return *end;
  }
  return StackEnd::max_depth;
}

const Unwinder::CodeStep& Unwinder::step_at(uint64_t lookup) {
  CodeStep& step = cache_[(lookup ^ (lookup >> 14)) % kCacheEntries];
  if (step.lookup != lookup || lookup == kNeverLookedUp) step = resolve(lookup);
  return step;
}

Unwinder::CodeStep Unwinder::resolve(uint64_t lookup) {
  CodeStep step{lookup, map_.find(lookup), CfiRule{}};
  if (step.range == nullptr) return step;
  if (const auto rule = rule_in(*step.range, lookup - step.range->bias)) {
    step.rule = *rule;
    return step;
  }
  const NoRuleHints hints{read_hints(lookup), is_program_entry(*step.range, lookup)};
  step.rule = hints.pack();
  return step;
}

CodeHints Unwinder::read_hints(uint64_t address) {
  std::array<std::byte, kLeafCodeBytes> buffer{};
  const auto bytes = std::span(buffer);
  const size_t length = reader_.read_code(address - kLeafCodeBefore, bytes);
  if (length >= kLeafCodeBefore) {
    return read_code_hints(bytes.first(kLeafCodeBefore), bytes.first(length).subspan(kLeafCodeBefore));
  }
  // The page before may be unmapped.
  const auto from = bytes.subspan(kLeafCodeBefore);
  return read_code_hints({}, from.first(reader_.read_code(address, from)));
}

}  // namespace prof
