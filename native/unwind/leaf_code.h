// Reads the few instruction bytes that tell where the return address is when no call-frame data does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace prof {

/// Length of `mov $15, %rax; syscall`, the trampoline that signal handlers return to.
inline constexpr size_t kSignalReturnBytes = 9;
/// The window worth reading: from the start of a trampoline that ends at the address, to the end of one that
/// starts a byte after it.
inline constexpr size_t kLeafCodeBefore = kSignalReturnBytes;
inline constexpr size_t kLeafCodeBytes = 24;

enum class LeafForm : uint8_t {
  framed,           // nothing special: rbp is a frame pointer
  ra_at_sp,         // before `push rbp`, or at `ret`
  rbp_at_sp,        // between `push rbp` and `mov rbp, rsp`, or at `pop rbp`
  ra_above_a_word,  // between `sub $8, rsp` and `add $8, rsp` of CPython's perf trampoline
  thread_start,     // after the only call of Go's mstart, where its threads begin
  switched_stack,   // after the call of Go's systemstack or mcall: rbp is a goroutine's, this stack ends here
  grows_stack,      // the same after Go's morestack has called newstack
  cgo_call,         // after Go's asmcgocall has called C on the thread's own stack: `slots` lead to the goroutine's
  cgo_callback,     // after Go's cgocallback has called Go: its frame, of `slots[0]` bytes, hides the call of C above it
};

struct CodeHints {
  LeafForm here = LeafForm::framed;   // for a thread that stands at the address
  LeafForm after = LeafForm::framed;  // for one that will return to the byte after it
  bool in_signal_return = false;     // it stands in the trampoline: before, between or after its instructions
  bool calls_signal_return = false;  // it will return to the trampoline, which stands at the byte after
  std::array<uint8_t, 2> slots{};    // of cgo_call: bytes from the stack pointer to the goroutine, and to its stack's depth
};

/// `before` are the bytes up to the address (may be short or empty), `from` those at it.
[[nodiscard]] CodeHints read_code_hints(std::span<const std::byte> before, std::span<const std::byte> from);

/// The longest call instruction without prefixes.
inline constexpr size_t kMaxCallBytes = 7;

/// What the instruction before a return address may be.
enum class CodeBefore : uint8_t { call, nop, other };

/// Judges by the last bytes before the address (Intel SDM, vol. 2, "CALL": E8 and FF /2).
[[nodiscard]] CodeBefore code_before(std::span<const std::byte, kMaxCallBytes> code);

}  // namespace prof
