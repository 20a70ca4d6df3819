// What the bytecodes of a method call, by their constants (OpenJDK, share/interpreter/rewriter.cpp, share/oops/cpCache.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/heap_source.h"
#include "runtime/hotspot_layout.h"

namespace prof {

class HotSpotCalls {
 public:
  /// Both must outlive this.
  HotSpotCalls(const HotSpotLayout& layout, HeapSource& memory) : layout_(layout), memory_(memory) {}

  /// Index among the constants of the name of the method that a bytecode calls, whichever class it turns out to be of.
  /// 0: it calls none. Nothing: that cannot be told, or method handles decide what is called.
  /// @param bytecode its address
  /// @param pool address of the method's constants
  [[nodiscard]] std::optional<uint64_t> name_index(uint64_t bytecode, uint64_t pool);

 private:
  [[nodiscard]] std::optional<uint64_t> reference_index(uint64_t pool, uint64_t cache_index);
  template <class Number>
  [[nodiscard]] std::optional<Number> number_at(uint64_t address);

  const HotSpotLayout& layout_;
  HeapSource& memory_;
};

}  // namespace prof
