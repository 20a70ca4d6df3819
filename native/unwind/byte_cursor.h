// ByteReader with what DWARF needs besides fixed-size integers: LEB128 numbers (DWARF 5, 7.6) and the end.
// Not a parser: it knows nothing of ELF or call-frame data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_reader.h"

namespace prof {

class ByteCursor : public ByteReader {
 public:
  using ByteReader::ByteReader;

  [[nodiscard]] bool at_end() const { return rest().empty(); }
  [[nodiscard]] size_t remaining() const { return rest().size(); }

  uint8_t u8() { return read<uint8_t>(); }

  uint64_t uleb() {
    uint64_t value = 0;
    uint8_t byte = 0x80;
    for (unsigned shift = 0; (byte & 0x80) != 0 && !failed(); shift += 7) {
      byte = u8();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    }
    return value;
  }

  int64_t sleb() {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0x80;
    for (; (byte & 0x80) != 0 && !failed(); shift += 7) {
      byte = u8();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    }
    if (shift < 64 && (byte & 0x40) != 0) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  }
};

}  // namespace prof
