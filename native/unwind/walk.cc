// Leaving the frames that few stacks have: unusual call-frame rules, those of a runtime, those of a signal.
#include "unwind/walk.h"

#include <array>
#include <span>

#include "unwind/expression.h"

namespace prof {
namespace {

// Position of each DWARF register among the general registers of struct sigcontext: r8-r15 rdi rsi rbp rbx
// rdx rax rcx rsp rip (kernel, uapi/asm/sigcontext.h), which follow 40 bytes of ucontext.
constexpr uint64_t kGregsOffset = 40;
constexpr std::array<uint8_t, kRegisterCount> kGregOfDwarf{13, 12, 14, 11, 9, 8, 10, 15, 0,
                                                           1,  2,  3,  4,  5, 6, 7,  16};

}  // namespace

RuntimeStep Walk::ask_runtime() {
  WalkFrame frame{registers(), lookup(), exact_};
  frame.registers.known = known_;
  return runtime_->leave(frame, {stack_, late_});
}

std::optional<StackEnd> Walk::leave_by_runtime(const RuntimeStep& known) {
  if (known.outcome == RuntimeStep::Outcome::truncated_copy) return StackEnd::truncated_copy;
  if (known.outcome == RuntimeStep::Outcome::unsupported) return StackEnd::unsupported;
  if (known.sp <= sp_ || (known.sp & 7) != 0 || known.sp - sp_ > kMaxFrameBytes) return StackEnd::bad_cfa;
  known_ = (known_ & kFollowed & ~bit(kRegRbx)) | bit(kRegRbp);
  return enter(known.pc, known.sp, known.rbp, 0);
}

std::optional<StackEnd> Walk::leave_unusual(RaKind ra) {
  if (ra == RaKind::undefined) return StackEnd::root;
  return ra == RaKind::signal_frame ? leave_signal_frame() : StackEnd::unsupported;
}

std::optional<StackEnd> Walk::find_unusual_cfa(const CodeStep& step, uint64_t& cfa) {
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

std::optional<StackEnd> Walk::find_frame_pointer_cfa(const CodeStep& step, uint64_t& cfa) {
  const auto found = frame_pointers_.find(*step.range, step.lookup, sp_, stack_, exact_);
  if (!found) return StackEnd::unsupported;
  rbp_ = *found;
  known_ |= bit(kRegRbp);
  cfa = rbp_ + sign_extend(step.rule.cfa_offset);
  return std::nullopt;
}

std::optional<StackEnd> Walk::read_cfa(uint64_t address, uint64_t& cfa) const {
  if (read_word(address, cfa)) return std::nullopt;
  return StackEnd::truncated_copy;
}

std::optional<StackEnd> Walk::evaluate_cfa(const CodeStep& step, uint64_t& cfa) const {
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

bool Walk::restore_unusual(SaveKind kind, int32_t offset, uint64_t cfa, uint64_t& value, uint32_t reg,
                           uint32_t& known) const {
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

std::optional<StackEnd> Walk::leave_signal_frame() {
  Registers saved;
  for (size_t reg = 0; reg < kRegisterCount; ++reg) {
    const uint64_t slot = sp_ + kGregsOffset + 8 * uint64_t{kGregOfDwarf[reg]};
    if (!read_word(slot, saved.value[reg])) return StackEnd::truncated_copy;
  }
  full_ = &interrupted_.emplace(saved);
  load();
  uint64_t top = 0;
  is_elsewhere_ = is_elsewhere_ || !stack_.read_word(sp_, top);
  return std::nullopt;
}

}  // namespace prof
