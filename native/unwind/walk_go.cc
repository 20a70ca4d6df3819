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
  if (go_frames_.calls(*step.range, step.lookup, return_address) != true) return StackEnd::bad_fp;
  constexpr uint64_t kDepthBits = 2047;
  if (cgo_call_ == 0) cgo_call_ = callee << 11 | (depth & kDepthBits);
  switches_++;
  is_elsewhere_ = true;
  floor_ = sp;
  enter(return_address, sp + 8, rbp_, 0);
  is_by_table_ = true;
  return std::nullopt;
}

// From the thread's own stack to the goroutine that went there: rbp is still its caller's frame (systemstack, mcall), or
// that of its caller's caller (morestack, which is called before a frame is made). How large this frame is, and so where
// the return address into it lies, is in the table of the function that it belongs to: nothing else fits both ways.
std::optional<StackEnd> Walk::leave_switched_stack(const CodeStep& step, bool grows_stack) {
  if (!knows(kRegRbp)) return StackEnd::unsupported;
  if (late_ == nullptr || switches_ == kMaxStackSwitches || (rbp_ & 7) != 0) return StackEnd::bad_fp;
  const CodeRange& range = *step.range;
  for (uint64_t bytes = 8; bytes <= kMaxGoFrameBytes; bytes += 8) {
    uint64_t caller = 0;
    if (!read_word(rbp_ - bytes, caller)) return StackEnd::bad_fp;
    if (caller <= range.lo || caller >= range.hi || go_frames_.bytes_at(range, caller - 1) != bytes) continue;
    uint64_t sp = rbp_ - bytes + 8;
    if (grows_stack) {
      const uint64_t returns_to = caller;
      sp -= 8;
      if (!read_word(sp - 8, caller)) return StackEnd::bad_fp;
      const bool has_begun = go_frames_.calls(range, caller - 1, returns_to) != false;
      if (!has_begun || go_frames_.bytes_at(range, caller - 1) != 0) continue;
    }
    if (go_frames_.calls(range, step.lookup, caller) != true) continue;
    switches_++;
    is_elsewhere_ = true;
    floor_ = sp;
    enter(caller, sp, rbp_, 0);
    is_by_table_ = true;
    return std::nullopt;
  }
  return StackEnd::bad_fp;
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
  is_called_ = false;
  enter(return_address, slot + 8, 0, 0);
  is_by_table_ = true;
  return std::nullopt;
}

// The stack pointer is known for sure, and so is where rbp must point.
std::optional<StackEnd> Walk::leave_by_go_table(const CodeStep& step) {
  const auto bytes = go_frames_.bytes_at(*step.range, step.lookup);
  if (!bytes) return StackEnd::unsupported;
  if (*bytes < sizeof(uint64_t)) return leave_frameless(sp_ + *bytes);
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
