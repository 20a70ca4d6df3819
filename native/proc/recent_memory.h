// What was read of a process lately. Samples are read some at a time: when it ends, or a runtime gives its heap back, those
// of the last moments are still to be named, and the memory is gone.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "runtime/heap_source.h"

namespace prof {

class RecentMemory : public HeapSource {
 public:
  /// `memory` must outlive this.
  explicit RecentMemory(HeapSource& memory) : memory_(memory) {}

  /// Of memory that is gone: as it was read last, within some 100 ms before; 0 where it was not.
  size_t read(uint64_t address, std::span<std::byte> out) override;
  size_t read_ranges(std::span<const WordRange> ranges) override;
  [[nodiscard]] int refusal() const override { return memory_.refusal(); }
  /// Another program has the memory now.
  void forget() { chunks_.clear(); }
  /// Whether what is read may be told later: not while code comes and goes.
  void set_lasting(bool is_lasting) { is_lasting_ = is_lasting; }

 private:
  static constexpr size_t kChunkBytes = 1024;
  static constexpr size_t kChunks = 1024;
  using Places = std::bitset<kChunkBytes>;
  struct Chunk {
    uint64_t number = 0;
    uint64_t round = 0;
    std::array<std::byte, kChunkBytes> bytes;
    Places read_now, read_before;  // in this round, and in the one before
  };

  void remember(uint64_t address, std::span<const std::byte> bytes);
  [[nodiscard]] bool recall(uint64_t address, std::span<std::byte> out);

  HeapSource& memory_;
  std::vector<Chunk> chunks_;  // each number has one place; empty until something is read
  uint64_t last_round_ = 0;    // in which anything could be read
  bool is_lasting_ = true;
};

}  // namespace prof
