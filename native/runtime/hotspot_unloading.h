// When classes were unloaded. Until then code and methods stay where they are; then others may take their places before a
// sample is read. HotSpot counts them (share/services/classLoadingService.cpp) among the figures that it keeps for
// monitoring tools (share/runtime/perfMemory.hpp), unless it runs with -XX:-UsePerfData.
#pragma once

#include <cstdint>

#include "runtime/heap_source.h"
#include "runtime/hotspot_layout.h"

namespace prof {

class HotSpotUnloading {
 public:
  /// Both must outlive this.
  HotSpotUnloading(const HotSpotLayout& layout, HeapSource& memory);

  /// A sample of that time (CLOCK_MONOTONIC, ns) is read from now on.
  void begin_sample(uint64_t time_ns);
  /// Whether what was found first at `seen_ns`, and is still there, was there at the time of the sample. While nothing
  /// was unloaded since then it was, whenever it was found.
  [[nodiscard]] bool was_there(uint64_t seen_ns) const { return seen_ns <= sample_ns_ || quiet_since_ns_ <= sample_ns_; }
  /// Whether classes have been unloaded lately.
  [[nodiscard]] bool is_restless() const;

 private:
  void find_counter();
  void read_counter();

  const HotSpotLayout& layout_;
  HeapSource& memory_;
  uint64_t counter_ = 0;  // its address; 0: not found
  uint64_t looked_ns_ = 0;
  uint64_t count_ = 0;
  uint64_t quiet_since_ns_ = 0;  // the count was this one already
  uint64_t sample_ns_ = UINT64_MAX;
};

}  // namespace prof
