// How the unwinder leaves frames that neither call-frame data nor frame pointers describe, but a language runtime does:
// code that it made while the program runs.
#pragma once

#include <cstdint>

#include "unwind/late_stack.h"
#include "unwind/registers.h"
#include "unwind/stack_copy.h"

namespace prof {

/// The stack of a walk: its copy, and beyond that, when the walk goes on late, memory as it is now.
struct StackView {
  StackCopy copy;
  LateStack* late = nullptr;

  [[nodiscard]] bool read_word(uint64_t address, uint64_t& out) const {
    return copy.read_word(address, out) || (late != nullptr && late->read_word(address, out));
  }
};

/// A frame of the walk.
struct WalkFrame {
  Registers registers;  // `known` says which are this frame's
  uint64_t lookup = 0;  // pc, or a byte before it
  bool is_exact = true;  // the thread stands at the pc; else it will return there
};

/// What a runtime says of a frame.
struct RuntimeStep {
  enum class Outcome : uint8_t {
    not_known,       // not the runtime's, or kept by a frame pointer like any other
    left,            // the three below are the caller's
    truncated_copy,  // the words are beyond the copy
    unsupported,
  };
  Outcome outcome = Outcome::not_known;
  uint64_t pc = 0;
  uint64_t sp = 0;
  uint64_t rbp = 0;
  uint64_t frame_pointer = 0;  // of the frame itself, where the runtime keeps words of its own; else 0
};

class RuntimeCode {
 public:
  virtual ~RuntimeCode() = default;
  /// A walk begins.
  virtual void begin_stack() = 0;
  /// Whether code made by the runtime is there.
  [[nodiscard]] virtual bool owns(uint64_t address) = 0;
  [[nodiscard]] virtual RuntimeStep leave(const WalkFrame& frame, const StackView& stack) = 0;
};

}  // namespace prof
