// Functions that the optimizing compiler put into their caller: optimized code knows, for each of its instructions, the
// position in the source and the call that it was inlined at. How V8 encodes that is not among its constants: so each
// position must lie within the function that it is said to be of, else nothing is told.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/v8_functions.h"

namespace prof {

class V8Inlining {
 public:
  /// Both must outlive this.
  V8Inlining(V8Heap& heap, V8Functions& functions) : heap_(heap), functions_(functions) {}

  /// SharedFunctionInfos of what was inlined around an instruction, innermost first; `outer` is that of the code itself.
  /// Empty when nothing was, or when it cannot be told. `table`, `data`: of the code, its positions and what it needs
  /// for deoptimization.
  [[nodiscard]] std::vector<uint64_t> inlined_at(uint64_t table, uint64_t data, uint64_t offset, uint64_t outer);

 private:
  [[nodiscard]] std::vector<std::byte> read_bytes(uint64_t array);
  [[nodiscard]] std::optional<uint64_t> element(uint64_t array, int64_t index);
  [[nodiscard]] bool is_within(uint64_t position, uint64_t shared);

  V8Heap& heap_;
  V8Functions& functions_;
};

}  // namespace prof
