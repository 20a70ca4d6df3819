// Python stacks read from outside, by engines that find a thread standing still: stopped, or asleep. What an engine
// reads and where it lies is told by whoever knows the interpreter (runtime/python_names.h).
#pragma once

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "capture/payload/python_frames.h"

namespace prof {

struct PythonStack {
  uint32_t seen = 0;  // what the walk said; 0: not looked
  std::vector<payload::PythonFrame> frames;  // innermost first
  std::vector<payload::PythonTexts> texts;   // of the first of them
};

class PythonStacks {
 public:
  explicit PythonStacks(pid_t pid) : pid_(pid) {}

  /// Any thread. Nothing: there is no interpreter that can be read.
  void set_target(const std::optional<payload::PythonTarget>& target);
  [[nodiscard]] std::optional<payload::PythonTarget> target() const;
  /// Any thread. The stack of a thread that stands still: frames of one that runs are nonsense.
  [[nodiscard]] PythonStack read(pid_t tid);

 private:
  /// What is known of a thread: its own id, and where its state was.
  struct Known {
    pid_t own_tid = 0;
    uint64_t state = 0;
  };

  const pid_t pid_;
  mutable std::mutex mutex_;  // guards the two below
  std::optional<payload::PythonTarget> target_;
  std::unordered_map<pid_t, Known> threads_;
};

}  // namespace prof
