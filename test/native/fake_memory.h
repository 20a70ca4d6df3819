// A runtime's heap that a test makes up or has recorded: words at addresses, and nothing between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "runtime/heap_source.h"

class FakeMemory : public prof::HeapSource {
 public:
  std::map<uint64_t, uint64_t> words;
  size_t reads = 0;

  size_t read(uint64_t address, std::span<std::byte> out) override {
    reads++;
    size_t done = 0;
    auto word = words.find(address & ~uint64_t{7});
    for (; done < out.size() && word != words.end() && word->first == ((address + done) & ~uint64_t{7}); ++word) {
      for (size_t at = (address + done) & 7; at < 8 && done < out.size(); at++) {
        out[done++] = static_cast<std::byte>(word->second >> (8 * at));
      }
    }
    return done;
  }
  size_t read_ranges(std::span<const prof::WordRange> ranges) override {
    size_t whole = 0;
    for (const auto& range : ranges) {
      const auto bytes = std::as_writable_bytes(range.words);
      if (read(range.address, bytes) != bytes.size()) break;
      whole++;
    }
    return whole;
  }

  /// The lowest `bytes` bytes of a value; words that are touched exist from then on.
  void put(uint64_t address, uint64_t value, size_t bytes = 8) {
    for (size_t i = 0; i < bytes; i++) {
      uint64_t& word = words[(address + i) & ~uint64_t{7}];
      const uint64_t shift = 8 * ((address + i) & 7);
      word = (word & ~(uint64_t{0xff} << shift)) | (value >> (8 * i) & 0xff) << shift;
    }
  }
  void put_text(uint64_t address, std::string_view text) {
    for (size_t i = 0; i < text.size(); i++) put(address + i, static_cast<uint8_t>(text[i]), 1);
  }
  void fill(uint64_t from, uint64_t to, uint64_t word = 0) {
    for (uint64_t at = from; at < to; at += 8) words[at] = word;
  }
};
