#include "proc/stack_holes.h"

#include <algorithm>

#include "base/clock.h"

namespace prof {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kMostPages = 16;
constexpr uint64_t kAgainNs = 20'000'000;

}  // namespace

void StackHoles::fill(uint64_t address, size_t bytes) {
  const uint64_t first = address / kPageBytes;
  Filled& known = filled_[first % filled_.size()];
  const uint64_t now = monotonic_ns();
  if (known.page == first && now - known.at_ns < kAgainNs) return;
  known = {first, now};
  const uint64_t end = std::min(first + kMostPages, (address + bytes + kPageBytes - 1) / kPageBytes);
  for (uint64_t page = first; page < end; page++) {
    std::byte ignored{};
    if (memory_.read(page * kPageBytes, std::span(&ignored, 1)) == 0) return;
  }
}

}  // namespace prof
