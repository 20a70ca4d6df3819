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

  /// A sample of that time (CLOCK_MONOTONIC, ns) is read from now on.
  void begin_sample(uint64_t time_ns);
  /// Of memory that is gone: as it was read last, at most 100 to 200 ms before the sample; 0 where it was not.
  size_t read(uint64_t address, std::span<std::byte> out) override;
  size_t read_ranges(std::span<const WordRange> ranges) override;
  [[nodiscard]] int refusal() const override { return memory_.refusal(); }
  /// Another program has the memory now.
  void forget();
  /// Whether what is read may be told later: not while code comes and goes.
  void set_lasting(bool is_lasting) { is_lasting_ = is_lasting; }

 private:
  static constexpr size_t kChunkBytes = 1024;
  static constexpr size_t kChunks = 1024;
  static constexpr size_t kWays = 8;
  using Places = std::bitset<kChunkBytes>;
  struct Chunk {
    uint64_t number = 0;
    uint64_t round = 0;
    std::array<std::byte, kChunkBytes> bytes;
    Places read_now, read_before;  // in this round, and in the one before
  };

  [[nodiscard]] Chunk* find(uint64_t number);
  /// Where it is, or takes the place of the oldest one.
  [[nodiscard]] Chunk& place_of(uint64_t number);
  void remember(uint64_t address, std::span<const std::byte> bytes);
  [[nodiscard]] bool recall(uint64_t address, std::span<std::byte> out);

  HeapSource& memory_;
  std::vector<Chunk> chunks_;  // each number has a few places; empty until something is read
  uint64_t sample_round_ = 0;
  bool is_lasting_ = true;
};

}  // namespace prof
