// One walk: the caller's registers replace the callee's in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "unwind/code_step.h"
#include "unwind/frame_pointers.h"
#include "unwind/go_frames.h"
#include "unwind/late_stack.h"
#include "unwind/registers.h"
#include "unwind/runtime_code.h"
#include "unwind/stack_copy.h"
#include "unwind/stack_end.h"

namespace prof {

// The registers that are followed live in members of their own, and the frames that nearly all stacks consist
// of take a short path of inlined code: this is run for every frame of every sample.
class Walk {
 public:
  /// Whom it asks where neither call-frame data nor rbp tell; all outlive it.
  struct Finders {
    FramePointers& frame_pointers;
    GoFrames& go_frames;
    RuntimeCode* runtime;
  };

  /// `registers` must outlive the walk.
  Walk(const Registers& registers, const StackCopy& stack, Finders finders)
      : full_(&registers), stack_(stack), frame_pointers_(finders.frame_pointers), go_frames_(finders.go_frames),
        runtime_(finders.runtime) {
    load();
    if (runtime_ != nullptr) runtime_->begin_stack();
  }

  // Return addresses are looked up one byte back: a call that never returns is the last instruction of its
  // function. The sampled frame and one that a signal interrupted stand at the instruction itself.
  [[nodiscard]] uint64_t lookup() const { return exact_ ? pc_ : pc_ - 1; }

  /// From here on, words that the copy does not hold are read late, and another stack may be entered.
  void go_on_late(LateStack& late) { late_ = &late; }
  [[nodiscard]] uint64_t pc() const { return pc_; }
  /// The thread, or what was interrupted, stands at the pc: it follows no call.
  [[nodiscard]] bool is_exact() const { return exact_; }
  /// This frame is Go's systemstack, mcall or morestack: the last one of the thread's own stack.
  [[nodiscard]] bool has_switched_stack(const CodeStep& step) const {
    return is_of_form(step, LeafForm::switched_stack) || is_of_form(step, LeafForm::grows_stack);
  }
  /// The same, and rbp is still that of the function that called it. (morestack is called before there is a frame.)
  [[nodiscard]] bool has_left_frame(const CodeStep& step) const { return is_of_form(step, LeafForm::switched_stack); }

  /// Go's asyncPreempt at its first instruction: the signal that interrupts the goroutine came with the sample's, and
  /// before it, as timers that fire on the scheduler's tick make it. Nothing of it has run.
  [[nodiscard]] bool has_not_begun(const CodeStep& step) const {
    if (!exact_ || step.rule.cfa != CfaKind::none || step.rule.ra != RaKind::at_cfa) return false;
    const NoRuleHints hints = NoRuleHints::unpack(step.rule);
    return hints.is_interruption && hints.code.here == LeafForm::ra_at_sp;
  }

  /// Whether the runtime knows the code of this frame. It may be newer than the mappings that were read.
  [[nodiscard]] bool is_runtime(const CodeStep& step) const {
    const bool may_be = runtime_ != nullptr && (step.range == nullptr || step.range->module == kNoModule);
    return may_be && runtime_->owns(step.lookup);
  }
  [[nodiscard]] bool is_unknown(const CodeStep& step) const { return step.range == nullptr && !is_runtime(step); }

  /// rbp of a frame that will be left by it; what the runtime says of its own.
  [[nodiscard]] uint64_t frame_pointer(const CodeStep& step) {
    if (is_runtime(step)) return asked_.emplace(ask_runtime()).frame_pointer;
    if (step.rule.cfa != CfaKind::none || step.rule.ra != RaKind::at_cfa || !knows(kRegRbp)) return 0;
    const CodeHints code = NoRuleHints::unpack(step.rule).code;
    return (exact_ ? code.here : code.after) == LeafForm::framed ? rbp_ : 0;
  }

  /// On a goroutine's stack that was read late: what the frame is about to return from is not what it calls here. The
  /// goroutine has gone on.
  [[nodiscard]] bool is_other_call(const CodeStep& step) const {
    const bool is_go = is_elsewhere_ && is_called_ && !exact_ && step.range != nullptr && step.range == callee_.range;
    return is_go && go_frames_.calls(*step.range, callee_.lookup, pc_) == false;
  }
  /// Where the frame's function is to be looked for: Go's trampoline of a signal was never called, what stands before it
  /// is another function.
  [[nodiscard]] uint64_t shown_address(const CodeStep& step) const {
    const bool has_hints = step.rule.cfa == CfaKind::none && step.rule.ra == RaKind::at_cfa;
    const bool is_go = has_hints && !exact_ && step.range != nullptr && step.range->go_table != 0;
    return is_go && NoRuleHints::unpack(step.rule).code.calls_signal_return ? pc_ : step.lookup;
  }

  /// Moves to the caller; a value means that the walk ends here. May be called again after `truncated_copy` and
  /// `bad_fp`: these leave the frame as it was.
  std::optional<StackEnd> leave(const CodeStep& step) {
    is_called_ = true;
    const auto end = leave_frame(step);
    if (!end) callee_ = {step.range, step.lookup};
    return end;
  }

  /// What tells calls of C apart that a goroutine was left for, of which the copy knows: the function, and how much of
  /// the goroutine's stack was taken; 0 when none was. (Go's stacks end at multiples of 2 KiB.)
  [[nodiscard]] uint64_t cgo_call() const { return cgo_call_; }

 private:
  static constexpr uint64_t kMaxFrameBytes = 64ull << 20;   // beyond this a CFA is taken for garbage
  static constexpr uint64_t kMaxFpFrameBytes = 1ull << 20;  // frame pointers prove less, so less is believed
  static constexpr uint64_t kMaxGoFrameBytes = 4096;        // of a function that leaves its goroutine's stack
  static constexpr size_t kMaxStackSwitches = 16;           // a cgo callback switches twice

  // What a rule restores; every other register is the callee's and means nothing in the caller.
  static constexpr uint32_t kFollowed = 1u << kRegRbp | 1u << kRegRbx | 1u << kRegRsp | 1u << kRegRip;

  [[nodiscard]] bool is_of_form(const CodeStep& step, LeafForm form) const {
    const bool has_hints = step.rule.cfa == CfaKind::none && step.rule.ra == RaKind::at_cfa;
    return has_hints && !exact_ && NoRuleHints::unpack(step.rule).code.after == form;
  }

  static constexpr uint32_t bit(size_t reg) { return uint32_t{1} << reg; }

  struct Callee {
    const CodeRange* range = nullptr;
    uint64_t lookup = 0;
  };

  [[gnu::always_inline]] inline std::optional<StackEnd> leave_frame(const CodeStep& step) {
    if (runtime_ != nullptr && (asked_ || is_runtime(step))) {
      const RuntimeStep known = asked_ ? *asked_ : ask_runtime();
      asked_.reset();
      if (known.outcome != RuntimeStep::Outcome::not_known) return leave_by_runtime(known);
      if (step.range == nullptr) return leave_by_frame_pointer();
    }
    if (step.rule.ra != RaKind::at_cfa) return leave_unusual(step.rule.ra);
    return step.rule.cfa == CfaKind::none ? leave_without_rule(step) : leave_by_rule(step);
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

  std::optional<StackEnd> enter(uint64_t pc, uint64_t sp, uint64_t rbp, uint64_t rbx) {
    pc_ = pc;
    sp_ = sp;
    rbp_ = rbp;
    rbx_ = rbx;
    exact_ = false;
    is_by_table_ = false;
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

  // walk.cc: call-frame data that few frames need, runtimes, signal frames.
  [[nodiscard]] RuntimeStep ask_runtime();
  std::optional<StackEnd> leave_by_runtime(const RuntimeStep& known);
  std::optional<StackEnd> leave_unusual(RaKind ra);
  std::optional<StackEnd> find_unusual_cfa(const CodeStep& step, uint64_t& cfa);
  std::optional<StackEnd> find_frame_pointer_cfa(const CodeStep& step, uint64_t& cfa);
  std::optional<StackEnd> read_cfa(uint64_t address, uint64_t& cfa) const;
  std::optional<StackEnd> evaluate_cfa(const CodeStep& step, uint64_t& cfa) const;
  bool restore_unusual(SaveKind kind, int32_t offset, uint64_t cfa, uint64_t& value, uint32_t reg,
                       uint32_t& known) const;
  std::optional<StackEnd> leave_signal_frame();

  // walk_code.cc: code without call-frame data.
  std::optional<StackEnd> leave_without_rule(const CodeStep& step);
  std::optional<StackEnd> leave_by_code(const CodeStep& step, const NoRuleHints& hints);
  std::optional<StackEnd> leave_frameless(uint64_t slot);
  std::optional<StackEnd> leave_by_frame_pointer();

  // walk_go.cc: Go, from stack to stack.
  std::optional<StackEnd> leave_cgo_call(const CodeStep& step, const CodeHints& code);
  std::optional<StackEnd> leave_switched_stack(const CodeStep& step, bool grows_stack);
  std::optional<StackEnd> leave_cgo_callback(const CodeStep& step, const CodeHints& code);
  std::optional<StackEnd> leave_by_go_table(const CodeStep& step);
  std::optional<StackEnd> leave_go_frame(uint32_t bytes);

  uint64_t pc_ = 0;
  uint64_t sp_ = 0;
  uint64_t rbp_ = 0;
  uint64_t rbx_ = 0;
  uint32_t known_ = 0;  // a bit per DWARF register whose value is this frame's
  bool exact_ = true;
  bool is_by_table_ = false;  // the stack was entered at a frame of Go whose rbp need not be known
  bool is_called_ = true;     // by the frame in hand, that which was left last
  Callee callee_;             // the frame that was left last
  uint64_t cgo_call_ = 0;
  uint64_t floor_ = 0;  // what lies below on this stack has been popped
  size_t switches_ = 0;
  bool is_elsewhere_ = false;  // on a stack other than the copy's
  LateStack* late_ = nullptr;
  const Registers* full_;  // of the last frame that was sampled or interrupted
  StackCopy stack_;
  FramePointers& frame_pointers_;
  GoFrames& go_frames_;
  RuntimeCode* runtime_;
  std::optional<RuntimeStep> asked_;  // of the frame in hand
  std::optional<Registers> interrupted_;
};

}  // namespace prof
