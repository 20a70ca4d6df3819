// V8's tables of source positions: for offsets in bytecode or in machine code, where they come from in the text of the
// script. How they are written differs between versions and is not exported; the tables themselves show which it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace prof {

/// How an entry's step in the code is written.
enum class V8PositionCoding : uint8_t {
  signed_step,   // the kind of position is its sign (to V8 13)
  flagged_step,  // two bits are flags (V8 14)
};

/// An entry of a table; it counts for the code from its offset up to the next entry's.
struct V8Position {
  int64_t code_offset = 0;  // −1: the entry of the function
  uint64_t source = 0;      // a SourcePosition

  [[nodiscard]] bool is_of_script() const { return (source & 1) == 0; }
  /// In the text of the script; only if it is of a script.
  [[nodiscard]] uint32_t offset() const;
  /// The number of the inlined call that it belongs to; −1: none.
  [[nodiscard]] int64_t call() const;
};

/// All entries of a table; nothing if it is not one that is written so.
[[nodiscard]] std::optional<std::vector<V8Position>> decode_positions(std::span<const std::byte> table,
                                                                      V8PositionCoding coding);

/// Whether a table of machine code can be written so.
[[nodiscard]] bool may_be_code_table(std::span<const std::byte> table, V8PositionCoding coding);

/// Whether these can be all positions of a bytecode array of this length.
[[nodiscard]] bool may_be_of_bytecode(std::span<const V8Position> positions, uint32_t length);

}  // namespace prof
