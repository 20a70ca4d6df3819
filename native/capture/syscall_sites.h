// Whether a user pc stands just behind a system call instruction: a signal taken on the way out of the kernel finds
// the thread there, so the time before it was kernel time. Each pc is looked at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

namespace prof {

class SyscallSites {
 public:
  void reset(pid_t pid);
  [[nodiscard]] bool is_behind_call(uint64_t pc);

 private:
  pid_t pid_ = 0;
  std::unordered_map<uint64_t, bool> known_;
};

}  // namespace prof
