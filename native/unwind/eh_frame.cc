// Record headers, augmentations and pointer encodings of .eh_frame; every length is checked first.
#include "unwind/eh_frame.h"

#include <string_view>

namespace prof {
namespace {

constexpr uint8_t kPcRelative = 0x10;
constexpr uint8_t kDataRelative = 0x30;  // relative to .eh_frame_hdr
constexpr uint8_t kIndirect = 0x80;
constexpr uint8_t kOmitted = 0xff;
constexpr uint64_t kDwarfRip = 16;
// A hostile section may point many FDEs at one long program; real ones stay far below.
constexpr uint64_t kMaxCieBytes = 4096;
constexpr uint64_t kMaxFdeBytes = 1 << 22;

std::optional<uint64_t> read_value(ByteCursor& cursor, uint8_t format) {
  switch (format & 0x0f) {
    case 0x00:
    case 0x04:
    case 0x0c:
      return cursor.read<uint64_t>();
    case 0x01:
      return cursor.uleb();
    case 0x02:
      return cursor.read<uint16_t>();
    case 0x03:
      return cursor.read<uint32_t>();
    case 0x09:
      return static_cast<uint64_t>(cursor.sleb());
    case 0x0a:
      return static_cast<uint64_t>(int64_t{cursor.read<int16_t>()});
    case 0x0b:
      return static_cast<uint64_t>(int64_t{cursor.read<int32_t>()});
    default:
      return std::nullopt;
  }
}

std::string_view read_string(ByteCursor& cursor) {
  const auto rest = cursor.rest();
  size_t length = 0;
  while (length < rest.size() && rest[length] != std::byte{0}) ++length;
  cursor.take(length + 1);
  return {reinterpret_cast<const char*>(rest.data()), length};
}

/// The letters after 'z' and their operands; unknown letters end the reading, the 'z' length skips them.
bool read_augmentation(std::string_view letters, ByteCursor& cursor, Cie& cie) {
  for (const char letter : letters) {
    if (letter == 'R') {
      cie.fde_encoding = cursor.u8();
    } else if (letter == 'L') {
      cursor.u8();
    } else if (letter == 'P') {
      const uint8_t encoding = cursor.u8();
      if (encoding != kOmitted && !read_value(cursor, encoding)) return false;
    } else if (letter == 'S') {
      cie.is_signal_frame = true;
    } else {
      break;
    }
  }
  return !cursor.failed();
}

}  // namespace

std::optional<ByteCursor> EhFrame::body_at(uint64_t offset) const {
  if (offset >= section_.bytes.size()) return std::nullopt;
  ByteCursor cursor(bytes().subspan(static_cast<size_t>(offset)));
  const auto length = cursor.read<uint32_t>();
  if (length < 4 || length == 0xffffffff) return std::nullopt;
  const auto body = cursor.take(length);
  if (cursor.failed()) return std::nullopt;
  return ByteCursor(body);
}

std::optional<EhRecord> EhFrame::record_at(uint64_t offset) const {
  auto body = body_at(offset);
  if (!body) return std::nullopt;
  const uint64_t next = offset + 4 + body->remaining();
  const auto id = body->read<uint32_t>();
  // An FDE's id is the distance back to its CIE, counted from the id itself.
  return EhRecord{next, id == 0, id == 0 ? offset : offset + 4 - id};
}

std::optional<Cie> EhFrame::cie_at(uint64_t offset) const {
  auto cursor = body_at(offset);
  if (!cursor || cursor->remaining() > kMaxCieBytes || cursor->read<uint32_t>() != 0) return std::nullopt;
  const uint8_t version = cursor->u8();
  if (version != 1 && version != 3) return std::nullopt;
  const std::string_view augmentation = read_string(*cursor);
  Cie cie;
  cie.code_align = cursor->uleb();
  cie.data_align = cursor->sleb();
  const uint64_t ra_register = version == 1 ? cursor->u8() : cursor->uleb();
  if (cursor->failed() || ra_register != kDwarfRip) return std::nullopt;
  if (augmentation.starts_with('z')) {
    cie.has_augmentation = true;
    ByteCursor operands(cursor->take(cursor->uleb()));
    if (!read_augmentation(augmentation.substr(1), operands, cie)) return std::nullopt;
  } else if (!augmentation.empty()) {
    return std::nullopt;
  }
  if (cursor->failed()) return std::nullopt;
  cie.program = cursor->rest();
  return cie;
}

std::optional<Fde> EhFrame::fde_at(uint64_t offset, const Cie& cie) const {
  auto cursor = body_at(offset);
  if (!cursor || cursor->remaining() > kMaxFdeBytes || cursor->read<uint32_t>() == 0) return std::nullopt;
  const auto lo = read_pointer(*cursor, cie.fde_encoding, va_of(cursor->rest().data()));
  const auto length = read_value(*cursor, cie.fde_encoding);
  if (!lo || !length || *length == 0 || *lo + *length < *lo) return std::nullopt;
  if (cie.has_augmentation) cursor->take(cursor->uleb());
  if (cursor->failed()) return std::nullopt;
  return Fde{*lo, *lo + *length, cursor->rest()};
}

std::optional<uint64_t> EhFrame::read_pointer(ByteCursor& cursor, uint8_t encoding, uint64_t va) const {
  if (encoding == kOmitted || (encoding & kIndirect) != 0) return std::nullopt;
  const auto value = read_value(cursor, encoding);
  if (!value || cursor.failed()) return std::nullopt;
  switch (encoding & 0x70) {
    case 0:
      return *value;
    case kPcRelative:
      return va + *value;
    case kDataRelative:
      return hdr_va_ + *value;
    default:
      return std::nullopt;
  }
}

}  // namespace prof
