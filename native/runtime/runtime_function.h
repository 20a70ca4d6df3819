// A function of a language runtime, whichever it is.
#pragma once

#include <cstdint>
#include <string>

namespace prof {

/// Order is `nativeRuntimes` in src/engine/native.ts.
enum class Runtime : uint8_t { node, java, python };

/// A function of a runtime, as its user wrote it.
struct RuntimeFunction {
  std::string name;    // empty: it has none
  std::string script;  // path, URL or node:…; empty when it is known by none (eval, built in)
  uint32_t line = 0;   // from 1; 0 when it cannot be told
  Runtime runtime = Runtime::node;
  bool operator==(const RuntimeFunction&) const = default;
};

}  // namespace prof
