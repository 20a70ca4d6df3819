// Holds the kernel's share of stopped samples to the kernel's own accounting. A stop from outside arrives late, and a
// thread that makes system calls has entered the next one by then: such samples find the kernel too often, never too
// rarely. So a thread's kernel stacks carry at most the system time that the kernel charged to it; what is beyond
// belongs to the user code that it was in before.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

#include "base/clock.h"

namespace prof {

class ModeSplit {
 public:
  struct Parts {
    uint32_t stack;       // the one that was given
    uint64_t weight_ns;
    uint32_t user_stack;  // where the rest belongs; 0 when there is none
    uint64_t user_weight_ns;
  };

  /// Notes a sample before its weight is split: the stack it carries, that stack without its kernel part (the same
  /// for a sample in user mode), and the thread's clocks.
  void see(pid_t tid, uint32_t stack, uint32_t user_part, ModeTimes times);
  /// Splits a weight that is about to go to `stack`. A thread that was never seen here keeps all on its stack.
  [[nodiscard]] Parts split(pid_t tid, uint32_t stack, uint64_t weight_ns);
  /// The id may be another thread's now.
  void forget(pid_t tid) { threads_.erase(tid); }

 private:
  struct Thread {
    ModeTimes base;
    ModeTimes now;
    uint32_t kernel_stack = 0;  // of the last sample, if it was in the kernel
    uint32_t user_stack = 0;    // of the last sample in user mode; before there is one, what called the kernel
    bool has_user_sample = false;
    uint64_t carried_ns = 0;
    uint64_t carried_kernel_ns = 0;
  };

  std::unordered_map<pid_t, Thread> threads_;
};

}  // namespace prof
