// Bytecodes one by one, by V8's own table of their sizes, which its binaries name though not for debuggers; and from
// baseline code, which has its instructions in the order of the bytecodes, to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {

/// Bytes of each bytecode with its operands, for operands of one byte, two and four, one width after the other. Empty when
/// the binary does not name the table.
[[nodiscard]] std::vector<uint8_t> read_bytecode_sizes(const ByteSource& binary);

/// Where each bytecode begins, ascending; nothing for no sizes or no bytes, or when they do not fill the bytes exactly.
[[nodiscard]] std::optional<std::vector<uint32_t>> bytecode_starts(std::span<const std::byte> bytecode,
                                                                   std::span<const uint8_t> sizes);

/// Baseline code's table: the bytes of instructions of its entry, then those of each bytecode. The bytecode (its index) whose
/// instructions are at an offset of the code; nothing for the entry, beyond the end, and when the table is not one of
/// that many bytecodes.
/// Source: V8, src/baseline/bytecode-offset-iterator.h.
[[nodiscard]] std::optional<size_t> baseline_bytecode(std::span<const std::byte> table, size_t bytecodes,
                                                      uint64_t code_offset);

}  // namespace prof
