// WebAssembly functions by the address of their code: from the instance that a frame holds by V8's exported constants to
// the module, and there to the code that holds the address.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/runtime_function.h"
#include "runtime/v8_heap.h"
#include "runtime/v8_wasm_module.h"

namespace prof {

class V8Wasm {
 public:
  struct Found {
    RuntimeFunction function;
    std::vector<ProofRange> proof;
  };

  /// Both must outlive this.
  V8Wasm(V8Heap& heap, HeapSource& memory) : heap_(heap), memory_(memory) {}

  /// @param instance what the frame of the code holds
  [[nodiscard]] std::optional<Found> find(uint64_t address, uint64_t instance);
  /// Of code that has no frame of its own: in the modules that frames have led to.
  [[nodiscard]] std::optional<Found> find_in_known(uint64_t address);
  /// Frames that were looked into; modules that were understood.
  [[nodiscard]] uint64_t looked() const { return looked_; }
  [[nodiscard]] bool has_understood() const { return has_understood_; }

 private:
  struct Module {
    V8WasmModule code;
    std::string script;
    std::vector<ProofRange> path;  // of the last instance that led here
  };
  /// The words that were followed, and the last one.
  struct Path {
    std::vector<ProofRange> slots;
    uint64_t object = 0;
  };

  [[nodiscard]] std::optional<Path> module_object(uint64_t instance);
  [[nodiscard]] Module* module_of(uint64_t instance);
  [[nodiscard]] Module* known(uint64_t native_module);
  [[nodiscard]] Module* look_into(uint64_t native_module);
  [[nodiscard]] std::optional<Found> find_in(const Module& module, uint64_t address);

  V8Heap& heap_;
  HeapSource& memory_;
  std::vector<Module> modules_;
  uint64_t looked_ = 0;
  bool has_understood_ = false;
};

}  // namespace prof
