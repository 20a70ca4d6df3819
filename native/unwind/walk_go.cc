// Leaving frames of Go: by its own table, and from the stack of a thread to that of a goroutine and back.
#include "unwind/walk.h"

namespace prof {

// From the thread's own stack, where C runs, back to the goroutine's. Which goroutine, and how deep its stack was, is in
// the copy; its frames are read late, when it may have gone on: it must still be about to call this very function.
std::optional<StackEnd> Walk::leave_cgo_call(const CodeStep& step, const CodeHints& code) {
  if (late_ == nullptr || switches_ == kMaxStackSwitches) return StackEnd::bad_fp;
  uint64_t goroutine = 0;
  uint64_t depth = 0;
  if (!read_word(sp_ + code.slots[0], goroutine) || !read_word(sp_ + code.slots[1], depth)) {
    return StackEnd::truncated_copy;
  }
  uint64_t top = 0;  // the second word of a goroutine's record (runtime2.go, `g` and `stack`)
  uint64_t return_address = 0;
  uint64_t called = 0;
  if (!late_->read_word(goroutine + 8, top)) return StackEnd::bad_fp;
  const uint64_t sp = top - depth;
  if ((sp & 7) != 0 || !read_word(sp, return_address) || !read_word(sp + 8, called)) return StackEnd::bad_fp;
  const uint64_t callee = callee_.range == nullptr ? 0 : function_of(*callee_.range, callee_.lookup);
  if (callee == 0 || called != callee) return StackEnd::bad_fp;
  // Calls of others from the same place leave the argument as it is.
  if (!go_frames_.is_call_of(*step.range, step.lookup, return_address)) return StackEnd::bad_fp;
  constexpr uint64_t kDepthBits = 2047;
  if (cgo_call_ == 0) cgo_call_ = callee << 11 | (depth & kDepthBits);
  switches_++;
  floor_ = sp;
  enter(return_address, sp + 8, rbp_, 0);
  is_by_table_ = true;
  return std::nullopt;
}

// The goroutine's stack may lie near, but a larger copy of this one is not what it takes.
std::optional<StackEnd> Walk::leave_switched_stack() {
  const auto end = knows(kRegRbp) ? leave_by_frame_pointer() : StackEnd::unsupported;
  return end == StackEnd::truncated_copy ? StackEnd::bad_fp : end;
}

// C has called Go while a goroutine waited for it: that goes on with the same goroutine, on its stack, above the call of
// C. What C was doing lies on the thread's own stack. On threads of C's own no goroutine waits.
std::optional<StackEnd> Walk::leave_cgo_callback(const CodeStep& step, const CodeHints& code) {
  const uint64_t slot = sp_ + code.slots[0];
  uint64_t return_address = 0;
  if (!read_word(slot, return_address)) return StackEnd::truncated_copy;
  const CodeRange& range = *step.range;
  const bool is_go = return_address > range.lo && return_address < range.hi;
  if (!is_go || !go_frames_.bytes_at(range, return_address - 1)) return leave_by_frame_pointer();
  known_ &= kFollowed & ~bit(kRegRbp);
  enter(return_address, slot + 8, 0, 0);
  is_by_table_ = true;
  return std::nullopt;
}

// The stack pointer is known for sure, and so is where rbp must point.
std::optional<StackEnd> Walk::leave_by_go_table(const CodeStep& step) {
  const auto bytes = go_frames_.bytes_at(*step.range, step.lookup);
  if (!bytes || *bytes < sizeof(uint64_t)) return StackEnd::unsupported;
  const uint64_t rbp = sp_ + *bytes - sizeof(uint64_t);
  if (knows(kRegRbp) && rbp_ != rbp) return StackEnd::bad_fp;
  rbp_ = rbp;
  known_ |= bit(kRegRbp);
  return leave_go_frame(*bytes);
}

// A frame of Go begins with its caller's rbp, once rbp points there; before and after, rbp is the caller's.
std::optional<StackEnd> Walk::leave_go_frame(uint32_t bytes) {
  const uint64_t slot = sp_ + bytes;
  if (bytes > 0 && rbp_ == slot - 8 && !read_word(rbp_, rbp_)) return StackEnd::truncated_copy;
  return leave_frameless(slot);
}

}  // namespace prof
