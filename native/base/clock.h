// Clocks, in ns: our monotonic time and the target's own CPU time.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>

namespace prof {

inline uint64_t to_ns(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000ULL + static_cast<uint64_t>(time.tv_nsec);
}

inline uint64_t monotonic_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return to_ns(time);
}

/// User and system time of a thread as the kernel splits them (by ticks), cumulative, in any unit common to both.
struct ModeTimes {
  uint64_t user = 0;
  uint64_t system = 0;
};

/// CPU time of a process, dead threads included, or nothing when it is gone. Needs no permission on the target.
/// The clock id is the kernel's encoding: (~pid << 3) | CPUCLOCK_SCHED (include/linux/posix-timers.h).
inline std::optional<uint64_t> process_cpu_ns(pid_t pid) {
  const clockid_t clock = static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3) | 2U);
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return std::nullopt;
  return to_ns(time);
}

}  // namespace prof
