// What a Code object of optimized code says of itself. Which of its words is which is exported by few versions, so the
// words are told by the types of what they point to; all types are V8's own constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/v8_heap.h"

namespace prof {

struct V8OptimizedCode {
  uint64_t shared = 0;     // SharedFunctionInfo of the function that was compiled
  uint64_t data = 0;       // the array of what deoptimization needs
  uint64_t positions = 0;  // the table of source positions; 0 when it is not known
};

/// @param words of the Code object, from its map on
/// Nothing when it is no optimized code, or its layout is not known.
[[nodiscard]] std::optional<V8OptimizedCode> read_optimized_code(V8Heap& heap, std::span<const uint64_t> words);

}  // namespace prof
