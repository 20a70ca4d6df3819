// The one record that every engine delivers: a view into the engine's buffer, valid during the callback only.
// The drain thread unwinds it in place.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "unwind/registers.h"

namespace prof {

struct RawSample {
  uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  uint64_t weight_ns = 0;
  pid_t pid = 0;
  pid_t tid = 0;
  bool has_registers = false;   // false for a kernel thread, or a task that never was in user mode
  bool is_32_bit = false;       // registers are those of compat code: only the leaf can be told
  bool in_kernel = false;       // the CPU was in kernel mode
  bool kernel_unseen = false;   // in_kernel, but the engine cannot see which functions
  Registers registers;
  std::span<const std::byte> stack;      // bytes upward from registers.sp()
  size_t stack_missing = 0;              // bytes that were asked for beyond `stack`, at a page that was not there
  std::span<const uint64_t> kernel_ips;  // leaf first; empty when there is none
  std::span<const uint64_t> user_ips;    // the kernel's own frame-pointer walk; only when asked for instead of `stack`
};

}  // namespace prof
