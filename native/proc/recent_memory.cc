#include "proc/recent_memory.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/mix_bits.h"

namespace prof {
namespace {

constexpr uint64_t kRoundNs = 100'000'000;
constexpr size_t kMostBytes = 8192;

/// Calls `each(number, within, offset, count)` for the part of each chunk that a range covers, until one is refused.
template <class Each>
bool for_chunks(uint64_t address, size_t size, size_t chunk_bytes, Each each) {
  for (size_t done = 0; done < size;) {
    const uint64_t at = address + done;
    const size_t within = at % chunk_bytes;
    const size_t count = std::min(size - done, chunk_bytes - within);
    if (!each(at / chunk_bytes, within, done, count)) return false;
    done += count;
  }
  return true;
}

}  // namespace

size_t RecentMemory::read(uint64_t address, std::span<std::byte> out) {
  const size_t got = memory_.read(address, out);
  remember(address, out.first(got));
  return got == 0 && recall(address, out) ? out.size() : got;
}

size_t RecentMemory::read_ranges(std::span<const WordRange> ranges) {
  for (size_t whole = 0;; whole++) {
    const size_t got = memory_.read_ranges(ranges.subspan(whole));
    for (const auto& [address, words] : ranges.subspan(whole, got)) remember(address, std::as_bytes(words));
    whole += got;
    if (whole == ranges.size()) return whole;
    if (!recall(ranges[whole].address, std::as_writable_bytes(ranges[whole].words))) return whole;
  }
}

void RecentMemory::begin_sample(uint64_t time_ns) { sample_round_ = time_ns / kRoundNs; }

void RecentMemory::forget() {
  chunks_.clear();
  is_lasting_ = true;
}

RecentMemory::Chunk* RecentMemory::find(uint64_t number) {
  for (size_t way = 0; way < kWays && !chunks_.empty(); way++) {
    Chunk& chunk = chunks_[(mix_bits(number) + way) % kChunks];
    if (chunk.number == number) return &chunk;
  }
  return nullptr;
}

RecentMemory::Chunk& RecentMemory::place_of(uint64_t number) {
  if (Chunk* const known = find(number)) return *known;
  Chunk* oldest = nullptr;
  for (size_t way = 0; way < kWays; way++) {
    Chunk& chunk = chunks_[(mix_bits(number) + way) % kChunks];
    if (oldest == nullptr || chunk.round < oldest->round) oldest = &chunk;
  }
  oldest->number = number;
  oldest->round = 0;
  return *oldest;
}

void RecentMemory::remember(uint64_t address, std::span<const std::byte> bytes) {
  // Long texts are read once, and would drive the rest out.
  if (!is_lasting_ || bytes.empty() || bytes.size() > kMostBytes) return;
  if (chunks_.empty()) chunks_.resize(kChunks);
  const uint64_t round = monotonic_ns() / kRoundNs;
  for_chunks(address, bytes.size(), kChunkBytes, [&](uint64_t number, size_t within, size_t offset, size_t count) {
    Chunk& chunk = place_of(number);
    if (chunk.round != round) {
      chunk.read_before = chunk.round + 1 == round ? chunk.read_now : Places();
      chunk.read_now.reset();
      chunk.round = round;
    }
    std::memcpy(chunk.bytes.data() + within, bytes.data() + offset, count);
    chunk.read_now |= Places().set() >> (kChunkBytes - count) << within;
    return true;
  });
}

bool RecentMemory::recall(uint64_t address, std::span<std::byte> out) {
  if (!is_lasting_) return false;
  return for_chunks(address, out.size(), kChunkBytes, [&](uint64_t number, size_t within, size_t offset, size_t count) {
    const Chunk* const chunk = find(number);
    if (chunk == nullptr || chunk->round + 1 < sample_round_) return false;
    const Places read = chunk->round >= sample_round_ ? chunk->read_now | chunk->read_before : chunk->read_now;
    if ((read >> within << (kChunkBytes - count)).count() != count) return false;
    std::memcpy(out.data() + offset, chunk->bytes.data() + within, count);
    return true;
  });
}

}  // namespace prof
