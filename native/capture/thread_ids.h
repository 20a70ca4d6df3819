// Thread ids of a target in another pid namespace, as we see them. In our own namespace they are what they are.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

namespace prof {

/// What the thread `tid` (as seen from here) calls itself; `tid` when it is gone.
[[nodiscard]] pid_t innermost_id(pid_t pid, pid_t tid);

class ThreadIds {
 public:
  void reset(pid_t pid);
  /// Our id of the thread that calls itself `own_tid`; `own_tid` when it has ended unseen.
  [[nodiscard]] pid_t seen_from_here(pid_t own_tid);

 private:
  void scan();

  pid_t pid_ = 0;
  bool is_same_namespace_ = true;
  uint64_t last_scan_ns_ = 0;
  std::unordered_map<pid_t, pid_t> known_;  // own -> ours
};

}  // namespace prof
