// Functions that the optimizing compiler put into their caller: optimized code knows, for its instructions, the position
// in the source and the call that it was inlined at. Each position must lie within the function that it is said to be
// of, else nothing is told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "runtime/v8_functions.h"
#include "runtime/v8_optimized_code.h"
#include "runtime/v8_positions.h"

namespace prof {

/// A function, and where it stands in the text of its script: between two positions, often one and the same.
struct V8Place {
  const V8Function* function = nullptr;
  bool is_known = false;  // the two below
  uint32_t first = 0;
  uint32_t last = 0;

  /// 0 when it cannot be told.
  [[nodiscard]] uint32_t line() const;
};

/// What optimized code says of its instructions, as far as it has been read. None of it changes while it is the same code.
struct V8InlinedCode {
  V8OptimizedCode code;
  std::vector<V8Position> positions;  // none: not read, or it tells of none
  std::vector<std::byte> calls;
  std::map<int64_t, V8Function> functions;  // by their index among the literals; its own is that of −1
};

class V8Inlining {
 public:
  /// Both must outlive this.
  V8Inlining(V8Heap& heap, V8Functions& functions) : heap_(heap), functions_(functions) {}

  /// Its tables, if all of them can be read.
  void read_tables(V8InlinedCode& code, V8PositionCoding coding);
  /// What an instruction belongs to, innermost first: what was inlined around it, as far as it can be told, then the
  /// function of the code itself; empty when that cannot be read. `is_call`: it is the place of a call, from which the code
  /// has not yet returned. Valid until the next call for this code.
  [[nodiscard]] std::vector<V8Place> places_at(V8InlinedCode& code, uint64_t offset, bool is_call);

 private:
  /// Of one position; empty when it cannot be true.
  [[nodiscard]] std::vector<V8Place> chain_of(V8Position position, V8InlinedCode& code);
  [[nodiscard]] const V8Function* function_of(V8InlinedCode& code, int64_t literal);
  [[nodiscard]] std::optional<uint64_t> element(uint64_t array, int64_t index);

  V8Heap& heap_;
  V8Functions& functions_;
};

}  // namespace prof
