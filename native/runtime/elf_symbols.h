// A few symbols of an ELF file by their names, and words of its loaded data. Bounded, whatever the file says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {

struct ElfSymbol {
  uint64_t va = 0;
  uint64_t size = 0;
};

/// One per name: from the dynamic symbols, else from all symbols. Nothing at all when the first name is in neither
/// table, which is what is asked of every module.
[[nodiscard]] std::vector<std::optional<ElfSymbol>> find_elf_symbols(const ByteSource& file,
                                                                     std::span<const std::string_view> names);

/// Bytes of a loaded segment, as they are in the file. Whether all are there.
[[nodiscard]] bool read_elf_bytes(const ByteSource& file, uint64_t va, std::span<std::byte> bytes);
[[nodiscard]] std::optional<uint64_t> read_elf_word(const ByteSource& file, uint64_t va);

}  // namespace prof
