// Stack memory beyond a sample's copy, read from the live target page by page, a bounded number of pages a sample.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "proc/process_memory.h"
#include "unwind/unwinder.h"

namespace prof {

class LateMemory : public LateStack {
 public:
  /// `memory` must outlive this.
  explicit LateMemory(ProcessMemory& memory) : memory_(memory) {}

  /// Forgets what was read: the next sample wants newer bytes.
  void forget() { count_ = 0; }
  bool read_word(uint64_t address, uint64_t& out) override;

 private:
  static constexpr size_t kPageBytes = 4096;
  // As much as the largest copy of a stack, and some of another stack.
  static constexpr size_t kMostPages = 24;
  struct Page {
    uint64_t number = 0;
    size_t valid = 0;
    std::array<std::byte, kPageBytes> bytes{};
  };

  /// The page with that number, null when the sample has read enough.
  const Page* page(uint64_t number);

  ProcessMemory& memory_;
  std::array<Page, kMostPages> pages_;
  size_t count_ = 0;
};

}  // namespace prof
