// A reader over untrusted bytes: past the end it yields zeros and remembers that it failed.
// Not a parser: it knows integers and LEB128 (DWARF 5, 7.6), nothing of ELF or call-frame data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace prof {

class ByteCursor {
 public:
  ByteCursor() = default;
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return position_ >= bytes_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] size_t remaining() const { return bytes_.size() - position_; }
  [[nodiscard]] std::span<const std::byte> rest() const { return bytes_.subspan(position_); }

  template <class T>
  T read() {
    T value{};
    if (remaining() < sizeof(T)) return fail(value);
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  uint8_t u8() { return read<uint8_t>(); }

  uint64_t uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; !at_end(); shift += 7) {
      const uint8_t byte = u8();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fail(uint64_t{0});
  }

  int64_t sleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; !at_end();) {
      const uint8_t byte = u8();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if (shift < 64 && (byte & 0x40) != 0) value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
    return fail(int64_t{0});
  }

  /// The next `count` bytes, or an empty span (and failed()) when there are fewer.
  std::span<const std::byte> take(uint64_t count) {
    if (count > remaining()) return fail(std::span<const std::byte>{});
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += taken.size();
    return taken;
  }

 private:
  template <class T>
  T fail(T value) {
    failed_ = true;
    position_ = bytes_.size();
    return value;
  }

  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace prof
