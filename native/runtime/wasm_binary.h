// What the binary of a WebAssembly module says of its functions, read from the target: how many are imported, how many
// are its own, and what they are called. Sections of other kinds are stepped over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/heap_source.h"

namespace prof {

class ByteCursor;

class WasmBinary {
 public:
  /// Nothing unless it is whole sections to its very end. Names are left out when there are more than 16 MiB of them.
  [[nodiscard]] static std::optional<WasmBinary> read(HeapSource& memory, uint64_t address, uint64_t bytes);

  /// Indexes of functions count these first.
  [[nodiscard]] uint32_t imported() const { return imported_; }
  [[nodiscard]] uint32_t declared() const { return declared_; }
  /// By the name section; without one there `wasm-function[12]`, as V8 calls it in stack traces.
  [[nodiscard]] std::string name_of(uint32_t function) const;

 private:
  struct Name {
    uint32_t function;
    uint32_t first, length;  // in `names_`
  };

  [[nodiscard]] bool add_section(HeapSource& memory, uint8_t id, uint64_t address, uint64_t bytes);
  [[nodiscard]] bool add_imports(ByteCursor cursor);
  void add_names(HeapSource& memory, uint64_t address, uint64_t bytes);
  void add_function_names(ByteCursor cursor);

  uint32_t imported_ = 0;
  uint32_t declared_ = 0;
  std::string names_;
  std::vector<Name> by_function_;  // sorted
};

}  // namespace prof
