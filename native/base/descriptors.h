// File descriptors as a thing that runs out: engines hold some for every thread of the target.
#pragma once

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <cstddef>
#include <vector>

#include "base/unique_fd.h"

namespace prof {

/// As many as the hard limit allows.
inline void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Left for names, /proc and the rest of the program: held while an engine takes what there is, and given back after.
inline std::vector<UniqueFd> reserve_descriptors() {
  constexpr size_t kReserved = 16;
  std::vector<UniqueFd> reserved;
  for (size_t i = 0; i < kReserved; i++) reserved.emplace_back(eventfd(0, EFD_CLOEXEC));
  return reserved;
}

}  // namespace prof
