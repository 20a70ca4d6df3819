// How runtimes' heaps are read: from outside, while the target runs. A word may change between two reads and may be
// anything; whoever reads must check what he reads. A test gives recorded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace prof {

/// Words from `address` on, to be filled.
struct WordRange {
  uint64_t address = 0;
  std::span<uint64_t> words;
};

/// Where words lie that a finding rests on: it holds while they are the same.
struct ProofRange {
  uint64_t address = 0;
  size_t words = 0;
};

class HeapSource {
 public:
  virtual ~HeapSource() = default;
  /// Fills a prefix of `out`; returns its length, 0 when unreadable.
  virtual size_t read(uint64_t address, std::span<std::byte> out) = 0;
  /// Fills ranges in order until one is unreadable; returns how many are whole. One system call for many.
  virtual size_t read_ranges(std::span<const WordRange> ranges) = 0;
  /// errno of a refusal of all reads, 0 while they are allowed.
  [[nodiscard]] virtual int refusal() const { return 0; }
};

}  // namespace prof
