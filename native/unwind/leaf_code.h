// Reads the few instruction bytes that tell where the return address is when no call-frame data does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace prof {

/// Bytes worth reading at a pc: the longest form below, and the same one byte further on.
inline constexpr size_t kLeafCodeBytes = 24;

enum class LeafForm : uint8_t {
  framed,      // nothing special: rbp is a frame pointer
  ra_at_sp,    // before `push rbp`, or at `ret`
  rbp_at_sp,   // between `push rbp` and `mov rbp, rsp`, or at `pop rbp`
};

/// What the instruction at the start of `code` says about a thread stopped there (Intel SDM, vol. 2).
[[nodiscard]] LeafForm leaf_form(std::span<const std::byte> code);

/// `mov $15, %rax; syscall`: rt_sigreturn, the return address of a signal handler (kernel, asm/unistd_64.h).
[[nodiscard]] bool is_signal_return(std::span<const std::byte> code);

}  // namespace prof
