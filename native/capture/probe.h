// What this machine lets us do with this target, found by trying: each value is 0 or the errno. Nothing is enabled,
// nothing in the target is touched.
#pragma once

#include <sys/types.h>

namespace prof {

struct Probe {
  int full_self = 0;    // perf, kernel + user, on ourselves
  int user_self = 0;    // perf, user only, on ourselves
  int full_target = 0;
  int user_target = 0;
  int ptrace = 0;       // is the system call itself allowed (seccomp)?
  int read_memory = 0;  // the kernel's ptrace access check on the target
};

Probe probe(pid_t pid);

}  // namespace prof
