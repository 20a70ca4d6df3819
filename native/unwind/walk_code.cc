// Leaving frames of code without call-frame data.
#include "unwind/walk.h"

namespace prof {

std::optional<StackEnd> Walk::leave_without_rule(const CodeStep& step) {
  const NoRuleHints hints = NoRuleHints::unpack(step.rule);
  const auto end = leave_by_code(step, hints);
  // Its caller was interrupted at that very instruction, maybe before or after its frame.
  if (!end && hints.is_interruption) exact_ = true;
  return end;
}

std::optional<StackEnd> Walk::leave_by_code(const CodeStep& step, const NoRuleHints& hints) {
  if (exact_ ? hints.code.in_signal_return : hints.code.calls_signal_return) return leave_signal_frame();
  if (hints.is_program_entry) return StackEnd::root;
  if (is_by_table_) return leave_by_go_table(step);
  const auto go_bytes = exact_ ? go_frames_.bytes_at(*step.range, pc_) : std::nullopt;
  if (go_bytes) return leave_go_frame(*go_bytes);
  const bool leaves_stack = exact_ && hints.code.here == LeafForm::framed && go_frames_.moves_stack_pointer(*step.range, pc_);
  switch (leaves_stack ? LeafForm::switched_stack : exact_ ? hints.code.here : hints.code.after) {
    case LeafForm::switched_stack:
    case LeafForm::grows_stack:
      return leave_switched_stack(step, hints.code.after == LeafForm::grows_stack);
    case LeafForm::framed:
      if (late_ != nullptr && !exact_ && go_frames_.bytes_at(*step.range, step.lookup) > 0U) return leave_by_go_table(step);
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
    case LeafForm::cgo_call:
      return leave_cgo_call(step, hints.code);
    case LeafForm::cgo_callback:
      return leave_cgo_callback(step, hints.code);
  }
  return StackEnd::unsupported;
}

std::optional<StackEnd> Walk::leave_frameless(uint64_t slot) {
  uint64_t return_address = 0;
  if (!read_word(slot, return_address)) return StackEnd::truncated_copy;
  known_ &= kFollowed;
  return enter(return_address, slot + 8, rbp_, rbx_);
}

std::optional<StackEnd> Walk::leave_by_frame_pointer() {
  // Go's goexit and clone() start threads with rbp 0. Where code was interrupted, 0 proves nothing.
  if (rbp_ == 0 && !exact_) return StackEnd::root;
  if ((rbp_ & 7) != 0) return StackEnd::bad_fp;
  if (rbp_ < sp_ || rbp_ - sp_ >= kMaxFpFrameBytes) {
    if (late_ == nullptr || switches_ == kMaxStackSwitches) return StackEnd::bad_fp;
    switches_++;
    is_elsewhere_ = true;
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

}  // namespace prof
