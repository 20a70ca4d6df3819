// Files of /proc that tell of a thread or its process again and again, cheaply: they stay open.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace prof {

/// Where the kernel put the program: another place means another program. All 0 when it is not known.
struct ProcessImage {
  uint64_t start_code = 0;
  uint64_t end_code = 0;
  uint64_t start_stack = 0;
  bool operator==(const ProcessImage&) const = default;
};

struct ThreadState {
  bool is_running = false;
  int cpu = -1;  // where it runs, or ran last
  ModeTimes times;
  std::string name;
  ProcessImage image;
};

[[nodiscard]] UniqueFd open_task_file(pid_t pid, pid_t tid, const char* name);

using TaskText = std::array<char, 512>;

/// The start of a file that stays open; empty when its thread is gone.
[[nodiscard]] std::string_view read_start(const UniqueFd& fd, TaskText& buffer);

/// CPU time of the thread whose schedstat this is, ns; nothing when it is gone.
[[nodiscard]] std::optional<uint64_t> used_ns(const UniqueFd& schedstat);

/// Fields 2 (name), 3 (state), 14, 15 (user and system time), 26 to 28 (where code and stack start) and 39 (processor)
/// of /proc/…/stat; the name may hold spaces and parentheses. The addresses are 1 for those who may not trace.
/// proc_pid_stat(5).
[[nodiscard]] ThreadState state_of(const UniqueFd& stat);

/// VmExe + VmLib of /proc/PID/status: all executable memory, kept by the kernel as a sum, so cheaper than its maps.
[[nodiscard]] uint64_t code_kib_of(pid_t pid);

}  // namespace prof
