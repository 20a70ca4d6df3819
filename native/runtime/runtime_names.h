// Names of a runtime's functions: finds the runtime among the target's modules, asks its reader, and gives each
// function a number. Drain thread only. What fails costs a name and is told as a state, never a frame.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/v8_frames.h"

namespace prof {

/// Order is `runtimeProblems` in src/engine/native.ts.
enum class RuntimeProblem : uint8_t {
  none,
  no_constants,
  constant_missing,
  constant_unusable,
  compressed_pointers,
  memory_refused,
  checks_failed,   // the constants are there, but nothing that was read agreed with them
  optimized_code,  // is not named: its constants are other ones
};

struct RuntimeState {
  std::string runtime;  // `V8 11.3.244`; empty: no runtime that we know
  RuntimeProblem problem = RuntimeProblem::none;
  std::string constant;  // that is missing or unusable
  int error = 0;         // errno of the refusal
};

/// Where the words of a frame lie, from its frame pointer.
struct FrameSlots {
  int32_t context = 0;
  int32_t function = 0;
  int32_t bytecode = 0;
};

/// As which functions a frame is shown.
struct NamedFrame {
  RuntimeNaming::As as = RuntimeNaming::As::itself;
  // Innermost first; numbers count from 0, in order of first sight. Valid until the next call.
  std::span<const uint32_t> ids;
};

class RuntimeNames {
 public:
  /// `memory` must outlive this.
  explicit RuntimeNames(HeapSource& memory) : memory_(memory) {}

  /// Looks whether the file is a runtime's; only while none is known.
  void look_at(const ByteSource& file);
  /// Another program runs now.
  void forget_runtime();
  /// Nothing while there is no runtime whose frames can be named.
  [[nodiscard]] std::optional<FrameSlots> slots() const;
  /// One per frame, in order. Only while there are slots.
  void name(std::span<const RuntimeFrame> frames, std::vector<NamedFrame>& named);
  /// Functions that are new since the last call, by ascending id.
  [[nodiscard]] std::vector<RuntimeFunction> take_new();
  [[nodiscard]] RuntimeState state() const;

 private:
  struct FunctionHash {
    size_t operator()(const RuntimeFunction& function) const;
  };

  [[nodiscard]] std::optional<uint32_t> intern(const RuntimeFunction& function);

  HeapSource& memory_;
  RuntimeState state_;
  std::optional<V8Layout> layout_;
  std::unique_ptr<V8Frames> v8_;
  std::unordered_map<RuntimeFunction, uint32_t, FunctionHash> ids_;
  std::vector<RuntimeFunction> new_;
  std::vector<RuntimeNaming> namings_;
  std::vector<uint32_t> named_ids_;  // of the stack in hand
};

}  // namespace prof
