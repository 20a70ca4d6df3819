// Lines that functions stand at, by the table of their bytecode. A position counts only if it lies within the function.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/v8_functions.h"
#include "runtime/v8_positions.h"

namespace prof {

/// From an offset in the bytecode on: the line.
struct V8LineStep {
  int64_t offset = 0;
  uint32_t line = 0;
};

class V8Lines {
 public:
  /// Both must outlive this.
  V8Lines(V8Heap& heap, V8Functions& functions) : heap_(heap), functions_(functions) {}

  /// How tables of positions are written in this process; learned from the bytecode of this function, if that tells.
  [[nodiscard]] std::optional<V8PositionCoding> coding(uint64_t shared);
  /// By ascending offset; empty when its lines are not known. The bytecode must be that of the function.
  [[nodiscard]] std::vector<V8LineStep> steps(uint64_t bytecode, uint64_t shared);
  /// The line where baseline code stands, by the words of its Code object; 0 when it cannot be told. The bytecode must be
  /// that of the function.
  [[nodiscard]] uint32_t baseline_line(std::span<const uint64_t> code, uint64_t code_offset, uint64_t bytecode,
                                       uint64_t shared);
  /// The line that a function is on, all of it; 0 when there are several.
  [[nodiscard]] uint32_t only_line(uint64_t shared);
  /// The code in a bytecode array; empty when it cannot be read.
  [[nodiscard]] std::vector<std::byte> bytes_of(uint64_t bytecode);

 private:
  [[nodiscard]] std::optional<uint32_t> length_of(uint64_t bytecode);
  [[nodiscard]] uint64_t bytecode_of(uint64_t shared);
  /// Tables that the bytecode holds: of its positions, of its exception handlers.
  [[nodiscard]] std::vector<std::vector<std::byte>> tables_of(uint64_t bytecode);

  V8Heap& heap_;
  V8Functions& functions_;
  std::optional<V8PositionCoding> coding_;
};

/// The line at an offset; 0 before the first step.
[[nodiscard]] uint32_t line_at(std::span<const V8LineStep> steps, uint32_t offset);

}  // namespace prof
