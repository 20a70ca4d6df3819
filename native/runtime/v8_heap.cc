#include "runtime/v8_heap.h"

#include <algorithm>
#include <array>
#include <utility>

namespace prof {
namespace {

constexpr uint32_t kMostNameChars = 512;
constexpr uint32_t kMostStringChars = (1u << 29) - 24;  // String::kMaxLength
constexpr uint32_t kChunkChars = 4096;
constexpr int64_t kMostBytes = 1 << 20;
constexpr int kMostDepth = 8;
constexpr int kMostParts = 32;

void append_utf8(std::string& text, uint32_t point) {
  const auto put = [&text](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

std::string to_utf8(std::u16string_view units) {
  constexpr uint32_t kReplacement = 0xfffd;
  std::string text;
  for (size_t i = 0; i < units.size(); i++) {
    const uint32_t unit = units[i];
    if (unit < 0xd800 || unit > 0xdfff) {
      append_utf8(text, unit);
    } else if (unit < 0xdc00 && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdfff) {
      append_utf8(text, 0x10000 + ((unit - 0xd800) << 10) + (units[++i] - 0xdc00u));
    } else {
      append_utf8(text, kReplacement);
    }
  }
  return text;
}

}  // namespace

bool V8Heap::read_bytes(uint64_t address, std::span<std::byte> bytes) {
  return source_.read(address, bytes) == bytes.size();
}

bool V8Heap::read_words(uint64_t address, std::span<uint64_t> words) {
  return read_bytes(address, std::as_writable_bytes(words));
}

std::optional<uint64_t> V8Heap::word(uint64_t address) {
  uint64_t value = 0;
  return read_words(address, std::span(&value, 1)) ? std::optional(value) : std::nullopt;
}

std::optional<uint16_t> V8Heap::type(uint64_t object) {
  if (!is_object(object)) return std::nullopt;
  const auto map = word(object - 1);
  if (!map || !is_object(*map)) return std::nullopt;
  uint16_t type = 0;
  const auto bytes = std::as_writable_bytes(std::span(&type, 1));
  return source_.read(field(*map, layout_.map_type), bytes) == bytes.size() ? std::optional(type) : std::nullopt;
}

bool V8Heap::has_type(uint64_t object, int32_t wanted) {
  const auto found = type(object);
  return found && *found == wanted;
}

bool V8Heap::is_string(uint64_t object) {
  const auto found = type(object);
  return found && *found < layout_.first_nonstring;
}

bool V8Heap::is_byte_array(uint64_t object) {
  const auto found = type(object);
  return found && std::find(layout_.byte_types.begin(), layout_.byte_types.end(), *found) != layout_.byte_types.end();
}

std::optional<std::vector<std::byte>> V8Heap::byte_array(uint64_t object) {
  if (!layout_.array_length || !is_byte_array(object)) return std::nullopt;
  const auto length = word(field(object, *layout_.array_length));
  if (!length || !is_integer(*length) || integer(*length) < 0 || integer(*length) > kMostBytes) return std::nullopt;
  std::vector<std::byte> bytes(static_cast<size_t>(integer(*length)));
  // The bytes follow the length.
  const uint64_t first = field(object, *layout_.array_length) + sizeof(uint64_t);
  return read_bytes(first, bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

std::optional<std::string> V8Heap::string(uint64_t object) {
  std::u16string text;
  parts_left_ = kMostParts;
  if (!append(object, kMostDepth, text)) return std::nullopt;
  return to_utf8(text);
}

bool V8Heap::append(uint64_t object, int depth, std::u16string& text) {
  if (depth == 0 || parts_left_-- == 0) return false;
  if (text.size() >= kMostNameChars) return true;
  const auto found = type(object);
  if (!found || *found >= layout_.first_nonstring) return false;
  if ((*found & layout_.representation_mask) == layout_.cons) {
    const auto first = word(field(object, layout_.cons_first));
    const auto second = word(field(object, layout_.cons_second));
    return first && second && append(*first, depth - 1, text) && append(*second, depth - 1, text);
  }
  const auto flat = chars_at(object, depth);
  if (!flat) return false;
  const uint32_t wanted = std::min(flat->length, kMostNameChars);
  const std::u16string part = read_chars(*flat, 0, wanted);
  text += part;
  return part.size() == wanted;
}

std::optional<V8Chars> V8Heap::chars(uint64_t object) { return chars_at(object, kMostDepth); }

std::optional<V8Chars> V8Heap::chars_at(uint64_t object, int depth) {
  const auto found = type(object);
  if (depth == 0 || !found || *found >= layout_.first_nonstring) return std::nullopt;
  uint32_t length = 0;
  const auto bytes = std::as_writable_bytes(std::span(&length, 1));
  if (source_.read(field(object, layout_.string_length), bytes) != bytes.size()) return std::nullopt;
  if (length > kMostStringChars) return std::nullopt;
  const bool is_one_byte = (*found & layout_.encoding_mask) == layout_.one_byte;
  const int32_t form = *found & layout_.representation_mask;
  if (form == layout_.sequential) return V8Chars{field(object, layout_.string_chars), length, is_one_byte};
  if (form == layout_.external) {
    const auto data = word(field(object, layout_.external_data));
    return data ? std::optional(V8Chars{*data, length, is_one_byte}) : std::nullopt;
  }
  if (form == layout_.thin) {
    const auto actual = word(field(object, layout_.thin_actual));
    return actual ? chars_at(*actual, depth - 1) : std::nullopt;
  }
  if (form != layout_.sliced) {
    // A concatenation that was made flat keeps all in its first half.
    const auto first = word(field(object, layout_.cons_first));
    const auto flat = form == layout_.cons && first ? chars_at(*first, depth - 1) : std::nullopt;
    return flat && flat->length == length ? flat : std::nullopt;
  }
  const auto parent = word(field(object, layout_.sliced_parent));
  const auto offset = word(field(object, layout_.sliced_offset));
  if (!parent || !offset || !is_integer(*offset)) return std::nullopt;
  auto whole = chars_at(*parent, depth - 1);
  const auto skipped = static_cast<uint64_t>(integer(*offset));
  if (!whole || skipped > whole->length || length > whole->length - skipped) return std::nullopt;
  whole->address += skipped * (whole->is_one_byte ? 1 : 2);
  whole->length = length;
  return whole;
}

std::u16string V8Heap::read_chars(const V8Chars& chars, uint32_t first, uint32_t count) {
  if (first >= chars.length) return {};
  count = std::min({count, chars.length - first, kChunkChars});
  std::u16string text(count, u'\0');
  if (!chars.is_one_byte) {
    const auto bytes = std::as_writable_bytes(std::span(text));
    text.resize(source_.read(chars.address + uint64_t{first} * 2, bytes) / 2);
    return text;
  }
  std::array<unsigned char, kChunkChars> narrow{};
  const auto bytes = std::as_writable_bytes(std::span(narrow)).first(count);
  text.resize(source_.read(chars.address + first, bytes));
  std::copy_n(narrow.begin(), text.size(), text.begin());
  return text;
}

}  // namespace prof
