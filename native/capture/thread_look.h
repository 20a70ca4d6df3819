// What /proc tells of one thread without stopping it: how often and how long it has run, whether it sleeps, in which
// system call, and where its stack is. The files stay open, so that a look costs a read each.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/unique_fd.h"
#include "capture/raw_sample.h"

namespace prof {

/// The three counters of schedstat: they change whenever a thread is put on a CPU, and not while it sleeps.
struct RunCount {
  uint64_t cpu_ns = 0;
  uint64_t waited_ns = 0;  // for a CPU
  uint64_t turns = 0;
  bool operator==(const RunCount&) const = default;
};

/// Where a thread sleeps.
struct BlockedPlace {
  Activity activity = Activity::sleeping;
  int32_t system_call = kNoSystemCall;
  uint64_t sp = 0;  // both 0: it has no user registers
  uint64_t pc = 0;
};

class ThreadLook {
 public:
  ThreadLook(pid_t pid, pid_t tid) : pid_(pid), tid_(tid) {}

  /// 0, or the errno with which a file could not be opened or read (EPERM: no ptrace access).
  [[nodiscard]] int open();
  /// Nothing when the thread is gone.
  [[nodiscard]] std::optional<RunCount> run_count() const;
  /// Nothing while it runs, waits for a CPU, or is gone.
  [[nodiscard]] std::optional<BlockedPlace> blocked_place() const;
  /// True if the kernel calls it running right now.
  [[nodiscard]] bool is_running() const;
  /// Fills `stack` upward from `sp` with at most `most` bytes, fewer where the mapping ends.
  void read_stack(uint64_t sp, size_t most, std::vector<std::byte>& stack) const;

 private:
  /// The state letter of /proc/…/stat; 0 when it is gone.
  [[nodiscard]] char state() const;

  pid_t pid_;
  pid_t tid_;
  UniqueFd schedstat_;
  UniqueFd syscall_;
};

/// Whether the program of `pid` is a 32-bit ELF file; false when it cannot be read.
[[nodiscard]] bool is_32_bit_program(pid_t pid);

/// 0, or the errno with which this machine refuses to let us read the memory of `pid`; nothing is read. The same access
/// check as that of ptrace, which stops nobody.
[[nodiscard]] int memory_refused(pid_t pid);

}  // namespace prof
