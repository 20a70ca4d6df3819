// Bytes of one object of another process, with fields read by where they lie.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/hotspot_structs.h"

namespace prof {

class ObjectBytes {
 public:
  /// Reads `size` bytes at `address`, or fewer where memory ends.
  ObjectBytes(HeapSource& memory, uint64_t address, size_t size) : address_(address), bytes_(size) {
    bytes_.resize(memory.read(address, bytes_));
  }
  /// Of bytes that were read.
  ObjectBytes(uint64_t address, std::span<const std::byte> bytes) : address_(address), bytes_(bytes.begin(), bytes.end()) {}

  [[nodiscard]] uint64_t address() const { return address_; }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  /// An unsigned field; 0 beyond the bytes that could be read.
  [[nodiscard]] uint64_t get(const HotSpotStructs::Field& field) const {
    uint64_t value = 0;
    if (field.at < bytes_.size() && bytes_.size() - field.at >= field.bytes) {
      std::memcpy(&value, bytes_.data() + field.at, field.bytes);
    }
    return value;
  }
  [[nodiscard]] int32_t get_int(const HotSpotStructs::Field& field) const {
    const uint64_t value = get(field);
    return field.bytes == 2 ? static_cast<int16_t>(value) : static_cast<int32_t>(value);
  }

 private:
  uint64_t address_;
  std::vector<std::byte> bytes_;
};

}  // namespace prof
