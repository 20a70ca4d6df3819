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
constexpr uint64_t kNeverMapped = std::numeric_limits<uint64_t>::max();  // an empty entry is true of it
constexpr uint64_t kMaxFrameBytes = 64ull << 20;   // beyond this a CFA is taken for garbage
constexpr uint64_t kMaxFpFrameBytes = 1ull << 20;  // frame pointers prove less, so less is believed
constexpr size_t kMaxStackSwitches = 16;           // a cgo callback switches twice
constexpr size_t kMaxLateAddresses = 65536;
constexpr uint64_t kEntryBytes = 64;               // the start code of a program, ld.so's _start included

constexpr uint32_t bit(size_t reg) { return uint32_t{1} << reg; }
// What a rule restores; every other register is the callee's and means nothing in the caller.
constexpr uint32_t kFollowed = bit(kRegRbp) | bit(kRegRbx) | bit(kRegRsp) | bit(kRegRip);

// A pc without a rule keeps what its code bytes said in the unused fields of the rule.
struct NoRuleHints {
  CodeHints code;
  bool is_program_entry;

  [[nodiscard]] CfiRule pack() const {
    CfiRule rule;
    rule.cfa_reg = static_cast<uint8_t>((is_program_entry ? 1 : 0) | (code.in_signal_return ? 2 : 0) |
                                        (code.calls_signal_return ? 4 : 0));
    rule.cfa_offset = static_cast<int32_t>(code.here);
    rule.rbp_offset = static_cast<int32_t>(code.after);
    return rule;
  }
  static NoRuleHints unpack(const CfiRule& rule) {
    const CodeHints code{static_cast<LeafForm>(rule.cfa_offset), static_cast<LeafForm>(rule.rbp_offset),
                         (rule.cfa_reg & 2) != 0, (rule.cfa_reg & 4) != 0};
    return {code, (rule.cfa_reg & 1) != 0};
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

// The registers that are followed live in members of their own, and the frames that nearly all stacks consist
// of take a short path of inlined code: this is run for every frame of every sample.
class Unwinder::Walk {
 public:
  /// `registers` must outlive the walk.
  Walk(const Registers& registers, const StackCopy& stack, FramePointers& frame_pointers)
      : full_(&registers), stack_(stack), frame_pointers_(frame_pointers) {
    load();
  }

  // Return addresses are looked up one byte back: a call that never returns is the last instruction of its
  // function. The sampled frame and one that a signal interrupted stand at the instruction itself.
  [[nodiscard]] uint64_t lookup() const { return exact_ ? pc_ : pc_ - 1; }

  /// From here on, words that the copy does not hold are read late, and another stack may be entered.
  void go_on_late(LateStack& late) { late_ = &late; }
  [[nodiscard]] uint64_t pc() const { return pc_; }
  /// This frame is Go's systemstack: the last one of the thread's own stack.
  [[nodiscard]] bool has_switched_stack(const CodeStep& step) const {
    const bool has_hints = step.rule.cfa == CfaKind::none && step.rule.ra == RaKind::at_cfa;
    return has_hints && !exact_ && NoRuleHints::unpack(step.rule).code.after == LeafForm::switched_stack;
  }

  /// rbp of a frame that will be left by it.
  [[nodiscard]] uint64_t frame_pointer(const CodeStep& step) const {
    if (step.rule.cfa != CfaKind::none || step.rule.ra != RaKind::at_cfa || !knows(kRegRbp)) return 0;
    const CodeHints code = NoRuleHints::unpack(step.rule).code;
    return (exact_ ? code.here : code.after) == LeafForm::framed ? rbp_ : 0;
  }

  /// Moves to the caller; a value means that the walk ends here. May be called again after `truncated_copy` and
  /// `bad_fp`: these leave the frame as it was.
  std::optional<StackEnd> leave(const CodeStep& step) {
    if (step.rule.ra != RaKind::at_cfa) return leave_unusual(step.rule.ra);
    return step.rule.cfa == CfaKind::none ? leave_without_rule(step) : leave_by_rule(step);
  }

 private:
  void load() {
    pc_ = full_->value[kRegRip];
    sp_ = full_->value[kRegRsp];
    rbp_ = full_->value[kRegRbp];
    rbx_ = full_->value[kRegRbx];
    known_ = full_->known;
    exact_ = true;
    floor_ = sp_;
  }

  bool read_word(uint64_t address, uint64_t& out) const {
    if (stack_.read_word(address, out)) return true;
    return late_ != nullptr && late_->read_word(address, out);
  }

  [[gnu::always_inline]] inline std::optional<StackEnd> leave_by_rule(const CodeStep& step) {
    const CfiRule& rule = step.rule;
    uint64_t cfa = 0;
    if (rule.cfa == CfaKind::rsp) {
      cfa = sp_ + sign_extend(rule.cfa_offset);
    } else if (rule.cfa == CfaKind::rbp && knows(kRegRbp)) {
      cfa = rbp_ + sign_extend(rule.cfa_offset);
    } else if (const auto end = find_unusual_cfa(step, cfa)) {
      return end;
    }
    if (cfa <= sp_ || (cfa & 7) != 0 || cfa - sp_ > kMaxFrameBytes) return StackEnd::bad_cfa;
    uint64_t return_address = 0;
    if (!read_word(cfa - 8, return_address)) return StackEnd::truncated_copy;

    uint64_t rbp = rbp_;
    uint64_t rbx = rbx_;
    uint32_t known = known_ & kFollowed;
    if (!restore(rule.rbp, rule.rbp_offset, cfa, rbp, bit(kRegRbp), known)) return StackEnd::truncated_copy;
    if (!restore(rule.rbx, rule.rbx_offset, cfa, rbx, bit(kRegRbx), known)) return StackEnd::truncated_copy;
    known_ = known;
    return enter(return_address, cfa, rbp, rbx);
  }

  [[gnu::noinline]] std::optional<StackEnd> leave_unusual(RaKind ra) {
    if (ra == RaKind::undefined) return StackEnd::root;
    return ra == RaKind::signal_frame ? leave_signal_frame() : StackEnd::unsupported;
  }

  [[gnu::noinline]] std::optional<StackEnd> find_unusual_cfa(const CodeStep& step, uint64_t& cfa) {
    const CfiRule& rule = step.rule;
    const uint64_t offset = sign_extend(rule.cfa_offset);
    switch (rule.cfa) {
      case CfaKind::deref_rsp:
        return read_cfa(sp_ + offset, cfa);
      case CfaKind::deref_rbp:
        return knows(kRegRbp) ? read_cfa(rbp_ + offset, cfa) : StackEnd::unsupported;
      case CfaKind::plt:
        cfa = sp_ + 8 + ((pc_ & 15) >= 11 ? 8 : 0);
        return std::nullopt;
      case CfaKind::reg:
        if (!knows(rule.cfa_reg)) return StackEnd::unsupported;
        cfa = registers().value[rule.cfa_reg] + offset;
        return std::nullopt;
      case CfaKind::expression:
        return evaluate_cfa(step, cfa);
      case CfaKind::rbp:
        return find_frame_pointer_cfa(step, cfa);
      case CfaKind::rsp:
      case CfaKind::none:
      case CfaKind::unsupported:
        break;
    }
    return StackEnd::unsupported;
  }

  std::optional<StackEnd> find_frame_pointer_cfa(const CodeStep& step, uint64_t& cfa) {
    const auto found = frame_pointers_.find(*step.range, step.lookup, sp_, stack_, exact_);
    if (!found) return StackEnd::unsupported;
    rbp_ = *found;
    known_ |= bit(kRegRbp);
    cfa = rbp_ + sign_extend(step.rule.cfa_offset);
    return std::nullopt;
  }

  std::optional<StackEnd> read_cfa(uint64_t address, uint64_t& cfa) const {
    if (read_word(address, cfa)) return std::nullopt;
    return StackEnd::truncated_copy;
  }

  std::optional<StackEnd> evaluate_cfa(const CodeStep& step, uint64_t& cfa) const {
    const CodeRange& range = *step.range;
    const auto pool = range.table != nullptr ? range.table->expressions()
                                             : std::span<const std::byte>(range.image->eh_frame.bytes);
    const auto bytes = pool.subspan(static_cast<size_t>(step.rule.cfa_offset), step.rule.cfa_reg);
    switch (evaluate(bytes, registers(), known_, stack_, cfa)) {
      case EvalResult::ok:
        return std::nullopt;
      case EvalResult::outside_copy:
        return StackEnd::truncated_copy;
      case EvalResult::unsupported:
        break;
    }
    return StackEnd::unsupported;
  }

  bool restore(SaveKind kind, int32_t offset, uint64_t cfa, uint64_t& value, uint32_t reg,
               uint32_t& known) const {
    if (kind == SaveKind::same) return true;
    if (kind == SaveKind::at_cfa) return restore_from(cfa + sign_extend(offset), value, reg, known);
    return restore_unusual(kind, offset, cfa, value, reg, known);
  }

  // A slot below the sampled rsp (or below where another stack was entered) has been popped already (an epilogue whose
  // rows do not say so): then the register holds the caller's value again.
  bool restore_from(uint64_t slot, uint64_t& value, uint32_t reg, uint32_t& known) const {
    if (slot < floor_) return true;
    known |= reg;
    return read_word(slot, value);
  }

  [[gnu::noinline]] bool restore_unusual(SaveKind kind, int32_t offset, uint64_t cfa, uint64_t& value,
                                         uint32_t reg, uint32_t& known) const {
    if (kind == SaveKind::lost || (kind == SaveKind::at_rbp && !knows(kRegRbp))) {
      known &= ~reg;
      return true;
    }
    if (kind == SaveKind::undefined) {
      value = 0;
      known |= reg;
      return true;
    }
    const uint64_t slot = (kind == SaveKind::at_rbp ? rbp_ : sp_) + sign_extend(offset);
    // gcc gives no row after the `leave` of a realigned function. rbp is the caller's by then, and the slot
    // that hangs on it lies outside the frame: the register has been restored.
    return slot >= cfa || restore_from(slot, value, reg, known);
  }

  std::optional<StackEnd> leave_signal_frame() {
    Registers saved;
    for (size_t reg = 0; reg < kRegisterCount; ++reg) {
      const uint64_t slot = sp_ + kGregsOffset + 8 * uint64_t{kGregOfDwarf[reg]};
      if (!read_word(slot, saved.value[reg])) return StackEnd::truncated_copy;
    }
    full_ = &interrupted_.emplace(saved);
    load();
    return std::nullopt;
  }

  [[gnu::noinline]] std::optional<StackEnd> leave_without_rule(const CodeStep& step) {
    const NoRuleHints hints = NoRuleHints::unpack(step.rule);
    if (exact_ ? hints.code.in_signal_return : hints.code.calls_signal_return) return leave_signal_frame();
    if (hints.is_program_entry) return StackEnd::root;
    switch (exact_ ? hints.code.here : hints.code.after) {
      case LeafForm::switched_stack:
      case LeafForm::framed:
        return knows(kRegRbp) ? leave_by_frame_pointer() : StackEnd::unsupported;
      case LeafForm::ra_at_sp:
        return leave_frameless(sp_);
      case LeafForm::rbp_at_sp:
        if (!read_word(sp_, rbp_)) return StackEnd::truncated_copy;
        return leave_frameless(sp_ + 8);
      case LeafForm::ra_above_a_word:
        return leave_frameless(sp_ + 8);
      case LeafForm::thread_start:
        return StackEnd::root;
    }
    return StackEnd::unsupported;
  }

  std::optional<StackEnd> leave_frameless(uint64_t slot) {
    uint64_t return_address = 0;
    if (!read_word(slot, return_address)) return StackEnd::truncated_copy;
    known_ &= kFollowed;
    return enter(return_address, slot + 8, rbp_, rbx_);
  }

  std::optional<StackEnd> leave_by_frame_pointer() {
    // Go's goexit and clone() start threads with rbp 0. Where code was interrupted, 0 proves nothing.
    if (rbp_ == 0 && !exact_) return StackEnd::root;
    if ((rbp_ & 7) != 0) return StackEnd::bad_fp;
    if (rbp_ < sp_ || rbp_ - sp_ >= kMaxFpFrameBytes) {
      if (late_ == nullptr || switches_ == kMaxStackSwitches) return StackEnd::bad_fp;
      switches_++;
      floor_ = rbp_;
    }
    uint64_t saved = 0;
    uint64_t return_address = 0;
    if (!read_word(rbp_, saved) || !read_word(rbp_ + 8, return_address)) {
      return StackEnd::truncated_copy;
    }
    // Whether this function saved rbx is not known.
    known_ = (known_ & kFollowed & ~bit(kRegRbx)) | bit(kRegRbp);
    return enter(return_address, rbp_ + 16, saved, 0);
  }

  std::optional<StackEnd> enter(uint64_t pc, uint64_t sp, uint64_t rbp, uint64_t rbx) {
    pc_ = pc;
    sp_ = sp;
    rbp_ = rbp;
    rbx_ = rbx;
    exact_ = false;
    if (pc == 0) return StackEnd::root;
    return std::nullopt;
  }

  [[nodiscard]] bool knows(size_t reg) const { return (known_ & bit(reg)) != 0; }

  /// This frame's registers; those not in known_ are a callee's.
  [[nodiscard]] Registers registers() const {
    Registers all = *full_;
    all.value[kRegRip] = pc_;
    all.value[kRegRsp] = sp_;
    all.value[kRegRbp] = rbp_;
    all.value[kRegRbx] = rbx_;
    return all;
  }

  static uint64_t sign_extend(int32_t offset) { return static_cast<uint64_t>(int64_t{offset}); }

  uint64_t pc_ = 0;
  uint64_t sp_ = 0;
  uint64_t rbp_ = 0;
  uint64_t rbx_ = 0;
  uint32_t known_ = 0;  // a bit per DWARF register whose value is this frame's
  bool exact_ = true;
  uint64_t floor_ = 0;  // what lies below on this stack has been popped
  size_t switches_ = 0;
  LateStack* late_ = nullptr;
  const Registers* full_;  // of the last frame that was sampled or interrupted
  StackCopy stack_;
  FramePointers& frame_pointers_;
  std::optional<Registers> interrupted_;
};

Unwinder::Unwinder(const CodeMap& map, CodeReader& reader)
    : map_(map), reader_(reader), frame_pointers_(map, reader), frames_(kMaxStackDepth) {
  flush();
}

void Unwinder::flush() {
  cache_.assign(kCacheEntries, CodeStep{kNeverMapped, nullptr, CfiRule{}});
  frame_pointers_.flush();
  code_before_.clear();
}

StackEnd Unwinder::unwind(const Registers& registers, StackCopy stack, std::vector<UnwoundFrame>& out) {
  Walk walk(registers, stack, frame_pointers_);
  StackEnd end = StackEnd::max_depth;
  size_t depth = 0;
  while (depth < kMaxStackDepth) {
    const CodeStep& step = step_at(walk.lookup());
    frames_[depth++] = {step.lookup, step.range, walk.frame_pointer(step)};
    const auto ended = step.range == nullptr ? StackEnd::no_map : walk.leave(step);
    if (!ended) continue;
    end = *ended;
    break;
  }
  out.assign(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth));
  return end;
}

bool Unwinder::complete(const Registers& registers, StackCopy stack, LateStack& late,
                        std::vector<UnwoundFrame>& out) {
  Walk walk(registers, stack, frame_pointers_);
  bool is_late = false;
  bool is_at_stack_end = false;
  for (size_t depth = 0; depth < kMaxStackDepth;) {
    const CodeStep& step = step_at(walk.lookup());
    if (step.range == nullptr) return is_at_stack_end;
    const CodeBefore before = is_late ? look_before(walk.pc()) : CodeBefore::call;
    frames_[depth++] = {step.lookup, step.range, walk.frame_pointer(step)};
    auto ended = walk.leave(step);
    if (!is_late && (ended == StackEnd::truncated_copy || ended == StackEnd::bad_fp)) {
      is_late = true;
      is_at_stack_end = walk.has_switched_stack(step);
      walk.go_on_late(late);
      ended = walk.leave(step);
    }
    if (ended && *ended != StackEnd::root) return is_at_stack_end;
    // Go pretends that goexit, where goroutines begin, has made a call by its first instruction, a nop.
    if (before == CodeBefore::other || (before == CodeBefore::nop && !ended)) return is_at_stack_end;
    if (ended) {
      out.assign(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth));
      return true;
    }
  }
  return is_at_stack_end;
}

CodeBefore Unwinder::look_before(uint64_t address) {
  if (code_before_.size() >= kMaxLateAddresses) code_before_.clear();
  const auto [known, is_new] = code_before_.try_emplace(address, CodeBefore::other);
  if (!is_new) return known->second;
  std::array<std::byte, kMaxCallBytes> before{};
  const bool is_read = reader_.read_code(address - before.size(), before) == before.size();
  if (is_read) known->second = code_before(before);
  return known->second;
}

const Unwinder::CodeStep& Unwinder::step_at(uint64_t lookup) {
  CodeStep& step = cache_[(lookup ^ (lookup >> 14)) % kCacheEntries];
  if (step.lookup != lookup) step = resolve(lookup);
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
