// What a SharedFunctionInfo says of its function: name, script, line. Types are checked before anything is believed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/runtime_function.h"
#include "runtime/v8_heap.h"
#include "runtime/v8_scripts.h"

namespace prof {

/// Where a function is in the text of its script.
struct V8Extent {
  uint32_t start = 0;
  uint32_t end = 0;

  [[nodiscard]] bool holds(uint32_t position) const { return position >= start && position <= end; }
};

/// All that is known of a function. It stays true while the function lives, wherever the collector moves it.
struct V8Function {
  uint64_t shared = 0;  // its SharedFunctionInfo when it was read
  RuntimeFunction function;
  std::optional<V8Extent> extent;
  std::weak_ptr<const V8LineStarts> lines;  // of its script; gone when too many are kept
};

class V8Functions {
 public:
  explicit V8Functions(V8Heap& heap) : heap_(heap), scripts_(heap) {}

  /// Nothing unless all that it is made of passes its checks and it comes from a script.
  [[nodiscard]] std::optional<RuntimeFunction> describe(uint64_t shared);
  /// Of a function by which JavaScript calls WebAssembly: where it says so.
  [[nodiscard]] std::optional<uint64_t> wasm_export_slot(uint64_t shared);
  /// Nothing where describe() tells nothing.
  [[nodiscard]] std::optional<V8Function> read(uint64_t shared);
  [[nodiscard]] std::optional<V8Extent> extent(uint64_t shared);
  /// Lines of positions within the function, in order; empty when one is outside, or they cannot be told.
  [[nodiscard]] std::vector<uint32_t> lines(uint64_t shared, std::span<const uint32_t> positions);

 private:
  struct Scope {
    std::string name;
    std::optional<V8Extent> extent;
  };

  [[nodiscard]] std::optional<Scope> read_scope(uint64_t scope);

  V8Heap& heap_;
  V8Scripts scripts_;
};

}  // namespace prof
