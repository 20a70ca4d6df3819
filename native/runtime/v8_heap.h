// Reads V8's objects with checks: a pointer is followed only when its tag is right, and an object is taken for what its
// map says it is. Strings and nesting are bounded, so memory that points back at itself ends. Keeps nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/v8_layout.h"

namespace prof {

/// Text inside a flat string.
struct V8Chars {
  uint64_t address = 0;  // of the first character
  uint32_t length = 0;   // characters
  bool is_one_byte = true;
};

class V8Heap {
 public:
  /// Both must outlive this.
  V8Heap(const V8Layout& layout, HeapSource& source) : layout_(layout), source_(source) {}

  /// Tag 01: a heap object (other tags are small integers and weak pointers).
  [[nodiscard]] static bool is_object(uint64_t word) { return (word & 3) == 1; }
  [[nodiscard]] static bool is_integer(uint64_t word) { return (word & 0xffffffff) == 0; }
  [[nodiscard]] static int64_t integer(uint64_t word) { return static_cast<int64_t>(word) >> 32; }
  /// Address of a field of a tagged object.
  [[nodiscard]] static uint64_t field(uint64_t object, int32_t offset) {
    return object - 1 + static_cast<uint64_t>(int64_t{offset});
  }

  [[nodiscard]] bool read_bytes(uint64_t address, std::span<std::byte> bytes);
  [[nodiscard]] bool read_words(uint64_t address, std::span<uint64_t> words);
  [[nodiscard]] std::optional<uint64_t> word(uint64_t address);
  /// Instance type of what should be an object.
  [[nodiscard]] std::optional<uint16_t> type(uint64_t object);
  [[nodiscard]] bool has_type(uint64_t object, int32_t wanted);
  [[nodiscard]] bool is_string(uint64_t object);
  [[nodiscard]] bool is_byte_array(uint64_t object);
  /// The bytes of an array of bytes; nothing if it is none, or longer than a mebibyte.
  [[nodiscard]] std::optional<std::vector<std::byte>> byte_array(uint64_t object);
  /// UTF-8, cut off at 512 characters; nothing unless it is a string that can be read.
  [[nodiscard]] std::optional<std::string> string(uint64_t object);
  /// Where the characters of a string are that is in one piece.
  [[nodiscard]] std::optional<V8Chars> chars(uint64_t object);
  /// Up to 4,096 characters from `first` on.
  [[nodiscard]] std::u16string read_chars(const V8Chars& chars, uint32_t first, uint32_t count);

  [[nodiscard]] const V8Layout& layout() const { return layout_; }

 private:
  [[nodiscard]] std::optional<V8Chars> chars_at(uint64_t object, int depth);
  [[nodiscard]] bool append(uint64_t object, int depth, std::u16string& text);

  const V8Layout& layout_;
  HeapSource& source_;
  int parts_left_ = 0;  // of the string in hand
};

}  // namespace prof
