// The one record that every engine delivers: a view into the engine's buffer, valid during the callback only.
// The drain thread unwinds it in place.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "capture/payload/python_frames.h"
#include "unwind/registers.h"

namespace prof {

/// What a thread was found doing; order is `activities` in src/profile/blocked.ts.
enum class Activity : uint8_t { running, sleeping, disk, stopped };

inline constexpr int32_t kNoSystemCall = -1;

struct RawSample {
  uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  uint64_t weight_ns = 0;
  std::optional<uint64_t> used_ns;  // the thread's own CPU clock: the weight is what it used since its last sample
  pid_t pid = 0;
  pid_t tid = 0;
  bool has_registers = false;   // false for a kernel thread, or a task that never was in user mode
  bool is_32_bit = false;       // registers are those of compat code: only the leaf can be told
  bool in_kernel = false;       // the CPU was in kernel mode
  bool kernel_unseen = false;   // in_kernel, but the engine cannot see which functions
  std::optional<ModeTimes> mode_times;  // of the thread, where `in_kernel` must be held to them
  Registers registers;
  std::span<const std::byte> stack;      // bytes upward from registers.sp()
  size_t stack_missing = 0;              // bytes that were asked for beyond `stack`, at a page that was not there
  std::span<const uint64_t> kernel_ips;  // leaf first; empty when there is none
  std::span<const uint64_t> user_ips;    // the kernel's own frame-pointer walk; only when asked for instead of `stack`
  std::span<const uint64_t> frame_pointer_ips;  // the same; only when asked for beside it

  // Of CPython's own stack, read while the thread stood still.
  uint32_t python_seen = 0;  // what the walk said (python_frames.h); 0: the engine did not look
  std::span<const payload::PythonFrame> python_frames;  // innermost first
  std::span<const payload::PythonTexts> python_texts;   // of the first of them

  // Engines that see blocked threads.
  bool is_wall_time = false;      // the weight is wall time: not to be held against the CPU clock
  bool is_unmoved = false;        // the thread stands where its last sample did: no stack is given again
  uint32_t looks = 1;             // how often it was seen so since its last sample
  Activity activity = Activity::running;
  int32_t system_call = kNoSystemCall;  // the number of the call that it sleeps in, by its own architecture
};

}  // namespace prof
