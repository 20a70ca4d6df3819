// Tables of an ELF file as the readers of symbols need them. Bounded, whatever the file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

}  // namespace prof
