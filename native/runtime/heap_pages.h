// Pages of a heap that were read a moment ago. One finding follows dozens of pointers within few pages, and the next one
// takes much the same way: a page costs one system call, as a word does.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/heap_source.h"

namespace prof {

class HeapPages : public HeapSource {
 public:
  /// `memory` must outlive this.
  explicit HeapPages(HeapSource& memory) : memory_(memory), pages_(kPages) {}

  /// What changed in memory since is seen from now on.
  void forget() { age_++; }
  /// As it was at some time since forget(). What a page does not hold is read directly.
  size_t read(uint64_t address, std::span<std::byte> out) override;
  /// Always read anew.
  size_t read_ranges(std::span<const WordRange> ranges) override { return memory_.read_ranges(ranges); }

 private:
  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t kPages = 256;
  struct Page {
    uint64_t number = 0;
    uint64_t age = 0;   // of what was read; no page is of age 0
    size_t length = 0;  // that could be read
    std::array<std::byte, kPageBytes> bytes;
  };

  [[nodiscard]] const Page& page(uint64_t number);

  HeapSource& memory_;
  std::vector<Page> pages_;  // each number has one place
  uint64_t age_ = 1;
};

}  // namespace prof
