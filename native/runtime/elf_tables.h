// Tables of an ELF file as the readers of symbols need them. Bounded, whatever the file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {

inline constexpr uint64_t kMostElfTableBytes = 64 << 20;

/// Up to `count` elements at a place of the file: as many as are there. None when they would be too many.
template <class Element>
[[nodiscard]] std::vector<Element> read_elf_table(const ByteSource& file, uint64_t offset, uint64_t count) {
  if (count > kMostElfTableBytes / sizeof(Element)) return {};
  std::vector<Element> table(static_cast<size_t>(count));
  const size_t got = file.read_at(offset, std::as_writable_bytes(std::span(table)));
  table.resize(got / sizeof(Element));
  return table;
}

/// A name of a string table; empty outside of it.
[[nodiscard]] inline std::string_view elf_name_at(std::span<const char> names, size_t offset) {
  if (offset >= names.size()) return {};
  const auto rest = names.subspan(offset);
  return {rest.data(), strnlen(rest.data(), rest.size())};
}

}  // namespace prof
