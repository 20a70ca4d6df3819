// What a SharedFunctionInfo says of its function: name, script, line. Types are checked before anything is believed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/runtime_function.h"
#include "runtime/v8_heap.h"
#include "runtime/v8_scripts.h"

namespace prof {

class V8Functions {
 public:
  explicit V8Functions(V8Heap& heap) : heap_(heap), scripts_(heap) {}

  /// Nothing unless all that it is made of passes its checks and it comes from a script.
  [[nodiscard]] std::optional<RuntimeFunction> describe(uint64_t shared);
  /// Of a function by which JavaScript calls WebAssembly: where it says so.
  [[nodiscard]] std::optional<uint64_t> wasm_export_slot(uint64_t shared);
  /// Where it is in the text of its script.
  struct Extent {
    uint32_t start = 0;
    uint32_t end = 0;
  };
  [[nodiscard]] std::optional<Extent> extent(uint64_t shared);
  /// Lines of positions within the function, in order; empty when one is outside, or they cannot be told.
  [[nodiscard]] std::vector<uint32_t> lines(uint64_t shared, std::span<const uint32_t> positions);

 private:
  struct Scope {
    std::string name;
    std::optional<Extent> extent;
  };

  [[nodiscard]] std::optional<Scope> read_scope(uint64_t scope);

  V8Heap& heap_;
  V8Scripts scripts_;
};

}  // namespace prof
