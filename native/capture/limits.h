// The limits of this process that decide how many threads can be followed and how much can be buffered, found by trying.
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/unique_fd.h"

namespace prof {

/// Raises the soft limit on open files to the hard one.
void raise_descriptor_limit();

/// Left for names, /proc and the rest of the program: held while an engine takes what there is, and given back after.
[[nodiscard]] std::vector<UniqueFd> reserve_descriptors();

/// Each value is 0, the errno of the refusal, or -1 where trying says nothing (events do not open at all).
struct LimitProbe {
  int open_files = 0;     // a descriptor for each thread of the target on each CPU
  int locked_memory = 0;  // a sample buffer of the usual size for each CPU
};

/// Takes what an engine would take and gives it back; nothing is enabled. Not beside a running engine of ours: buffers
/// count together.
LimitProbe probe_limits(pid_t pid);

}  // namespace prof
