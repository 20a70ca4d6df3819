// HotSpot's numbers of one to five bytes (OpenJDK, share/utilities/unsigned5.hpp). Since JDK 20 no byte is 0; before,
// all values were used. Which it is, is not exported: what is read must show it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace prof {

enum class Unsigned5 : uint8_t { all_bytes, without_zero };

class Unsigned5Reader {
 public:
  Unsigned5Reader(std::span<const std::byte> bytes, size_t position, Unsigned5 form)
      : bytes_(bytes), position_(position), excluded_(form == Unsigned5::without_zero ? 1 : 0) {}

  std::optional<uint8_t> byte() {
    if (position_ >= bytes_.size()) return std::nullopt;
    return static_cast<uint8_t>(bytes_[position_++]);
  }

  std::optional<uint32_t> number() {
    constexpr uint32_t kHighBits = 6;
    constexpr uint32_t kMostBytes = 5;
    const uint32_t low = 256 - (1u << kHighBits) - excluded_;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < kMostBytes; i++) {
      const auto read = byte();
      if (!read || *read < excluded_) return std::nullopt;
      const uint32_t digit = *read - excluded_;
      sum += digit << (kHighBits * i);
      if (digit < low) break;
    }
    return sum;
  }

  /// The sign is in the lowest bit.
  std::optional<int32_t> signed_number() {
    const auto read = number();
    if (!read) return std::nullopt;
    return static_cast<int32_t>((*read >> 1) ^ (0u - (*read & 1)));
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_;
  uint32_t excluded_;
};

}  // namespace prof
