// One short stop of one running thread through ptrace: registers and the top of its stack, then it runs on.
// All calls must come from one thread: ptrace belongs to the thread that seized.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "capture/python_stacks.h"
#include "unwind/registers.h"

namespace prof {

struct Snapshot {
  Registers registers;
  bool in_syscall = false;
  bool is_32_bit = false;  // only pc and sp are filled
  std::vector<std::byte> stack;  // upward from the stack pointer
  PythonStack python;
};

enum class StopOutcome { taken, gone, refused, too_slow };

/// Seizes and stops `tid`. When it is `taken` the caller reads it and detaches. `late`: threads to be let go by
/// `release_late_stops`; a tracer thread that ends instead lets go of all it has seized.
StopOutcome stop_thread(pid_t pid, pid_t tid, uint64_t patience_ns, std::vector<pid_t>& late, int& error);

/// Stops `tid`, fills `snapshot`, lets it go. `too_slow`: it did not stop in time (uninterruptible sleep) and is let
/// go as soon as it does, by `release_late_stops`.
/// `error` is the errno of a refusal. `python`: the target's Python stacks, null when they are not wanted.
StopOutcome snapshot_thread(pid_t pid, pid_t tid, size_t stack_bytes, PythonStacks* python, Snapshot& snapshot,
                            std::vector<pid_t>& late, int& error);

/// Lets go of threads that stopped after we had given up on them.
void release_late_stops(std::vector<pid_t>& late);

}  // namespace prof
