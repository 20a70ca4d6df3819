// What a SharedFunctionInfo says of its function: name, script, line. Types are checked before anything is believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/v8_heap.h"
#include "runtime/v8_scripts.h"

namespace prof {

/// A function of a runtime, as its user wrote it.
struct RuntimeFunction {
  std::string name;    // empty: it has none
  std::string script;  // path, URL or node:…; empty when it is known by none (eval, built in)
  uint32_t line = 0;   // from 1; 0 when it cannot be told
  bool operator==(const RuntimeFunction&) const = default;
};

class V8Functions {
 public:
  explicit V8Functions(V8Heap& heap) : heap_(heap), scripts_(heap) {}

  /// Nothing unless all that it is made of passes its checks and it comes from a script.
  [[nodiscard]] std::optional<RuntimeFunction> describe(uint64_t shared);
  /// Where it is in the text of its script.
  struct Extent {
    uint32_t start = 0;
    uint32_t end = 0;
  };
  [[nodiscard]] std::optional<Extent> extent(uint64_t shared);

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
