// Functions that the optimizing compiler put into their caller: optimized code knows, for its instructions, the position
// in the source and the call that it was inlined at. Each position must lie within the function that it is said to be
// of, else nothing is told.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/v8_functions.h"
#include "runtime/v8_optimized_code.h"
#include "runtime/v8_positions.h"

namespace prof {

/// A function, and where it stands in the text of its script: between two positions, often one and the same.
struct V8Place {
  uint64_t shared = 0;
  bool is_known = false;  // the two below
  uint32_t first = 0;
  uint32_t last = 0;
};

class V8Inlining {
 public:
  /// Both must outlive this.
  V8Inlining(V8Heap& heap, V8Functions& functions) : heap_(heap), functions_(functions) {}

  /// What an instruction belongs to, innermost first: what was inlined around it, as far as it can be told, then the
  /// function of the code itself. `is_call`: it is the place of a call, from which the code has not yet returned.
  [[nodiscard]] std::vector<V8Place> places_at(const V8OptimizedCode& code, V8PositionCoding coding, uint64_t offset,
                                               bool is_call);

 private:
  /// Of one position; empty when it cannot be true.
  [[nodiscard]] std::vector<V8Place> chain_of(V8Position position, std::span<const std::byte> calls, uint64_t literals,
                                              uint64_t outer);
  [[nodiscard]] std::optional<uint64_t> element(uint64_t array, int64_t index);
  [[nodiscard]] bool is_within(const V8Position& position, uint64_t shared);

  V8Heap& heap_;
  V8Functions& functions_;
};

}  // namespace prof
