// Leaves frames of HotSpot: compiled code by the size of its frame, the interpreter by its own frame, stubs by either.
// rbp is a general register in compiled code, so a chain of frame pointers ends there.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/heap_source.h"
#include "runtime/hotspot_code.h"
#include "runtime/hotspot_methods.h"
#include "unwind/runtime_code.h"

namespace prof {

/// Words of an interpreter's frame, from rbp (OpenJDK, cpu/x86/frame_x86.hpp: the same since JDK 9).
inline constexpr int32_t kInterpreterSender = -8;
inline constexpr int32_t kInterpreterMethod = -24;
inline constexpr int32_t kInterpreterBytecode = -64;

class HotSpotUnwinder : public RuntimeCode {
 public:
  /// All must outlive this.
  HotSpotUnwinder(HotSpotCode& code, HotSpotMethods& methods, HeapSource& memory)
      : code_(code), methods_(methods), memory_(memory) {}

  void begin_stack() override;
  [[nodiscard]] bool owns(uint64_t address) override { return code_.is_generated(address); }
  [[nodiscard]] RuntimeStep leave(const WalkFrame& frame, const StackView& stack) override;

 private:
  [[nodiscard]] RuntimeStep leave_interpreter(const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_unframed(const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_sized(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_by_slot(uint64_t slot, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_interrupted(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_exception_stub(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] RuntimeStep leave_stub(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack);
  [[nodiscard]] bool is_caller(uint64_t pc, uint64_t sp, uint64_t rbp, const StackView& stack);
  [[nodiscard]] bool is_return_address(uint64_t address);
  /// A slot above that holds one.
  [[nodiscard]] std::optional<uint64_t> find_return_address(uint64_t slot, const StackView& stack);

  HotSpotCode& code_;
  HotSpotMethods& methods_;
  HeapSource& memory_;
};

}  // namespace prof
