// Pages of a stack that no one has touched yet: a large array in a frame, say. The kernel copies stacks for perf
// without faulting pages in (perf_output_sample_ustack), so each such copy ends at the hole and its callers are lost.
// Reading the page once from here lets the kernel put its page of zeroes there, which takes no memory and changes
// nothing for the target; the next copies then go on beyond it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "proc/process_memory.h"

namespace prof {

class StackHoles {
 public:
  /// `memory` must outlive this.
  explicit StackHoles(ProcessMemory& memory) : memory_(memory) {}

  /// Reads a byte of each page in [address, address + bytes), at most 64 KiB, up to the first one that is not mapped.
  /// A hole that was filled a moment ago is left alone: samples that were taken before still tell of it.
  void fill(uint64_t address, size_t bytes);

 private:
  struct Filled {
    uint64_t page = 0;
    uint64_t at_ns = 0;
  };

  ProcessMemory& memory_;
  std::array<Filled, 64> filled_;  // by page
};

}  // namespace prof
