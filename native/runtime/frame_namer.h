// What every runtime's reader answers: which functions the frames of a stack stand for. Words of a frame come from the
// sample itself, all else is read from the target later and must prove itself.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/runtime_function.h"
#include "unwind/registers.h"

namespace prof {

/// A frame without call-frame data, with the words of its own that a runtime keeps at its frame pointer.
struct RuntimeFrame {
  uint64_t address = 0;
  bool is_generated = false;  // in memory of no file; else in the runtime's own binary
  bool is_leaf = false;
  uint64_t callee = 0;        // address of the frame that this one called; 0 of the leaf
  uint64_t position = 0;      // in its bytecode; 0 when it is not known
  bool has_slots = false;     // the three below are known
  uint64_t context = 0;       // or a marker of what else the frame is
  uint64_t function = 0;
  uint64_t bytecode = 0;
  const Registers* registers = nullptr;  // of the leaf, where the thread stands
};

/// Where these words lie, from the frame pointer.
struct FrameSlots {
  int32_t context = 0;
  int32_t function = 0;
  int32_t bytecode = 0;
  int32_t position = 0;
};

/// Fills in the words that lie at a frame pointer (0: it is not known). `read(address, word)` tells whether it could.
template <class ReadWord>
void read_slots(RuntimeFrame& frame, uint64_t frame_pointer, const FrameSlots& slots, ReadWord read) {
  const auto read_at = [&](int32_t offset, uint64_t& word) {
    return read(frame_pointer + static_cast<uint64_t>(int64_t{offset}), word);
  };
  frame.has_slots = frame_pointer != 0 && read_at(slots.context, frame.context) &&
                    read_at(slots.function, frame.function) && read_at(slots.bytecode, frame.bytecode);
  // The innermost function may not have stored it yet.
  if (frame.has_slots && !read_at(slots.position, frame.position)) frame.position = 0;
}

/// What a frame stands for.
struct RuntimeNaming {
  enum class As : uint8_t {
    itself,      // an address like any other
    function,    // the function alone: it is interpreted, or its own code
    calling_it,  // the function, which has called the code at the address
    gap,         // frames that are not there
  };
  As as = As::itself;
  // Innermost first: what was inlined, then the function of the frame. Valid until the next call.
  std::span<const RuntimeFunction> functions = {};
  // Of each of them the line at which it stands, from 1; 0 when it cannot be told. Empty: none can.
  std::span<const uint32_t> lines = {};
};

class FrameNamer {
 public:
  virtual ~FrameNamer() = default;
  [[nodiscard]] virtual FrameSlots slots() const = 0;
  /// A naming per frame, in order.
  virtual void name(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) = 0;
  /// Frames of the runtime that were looked into, and those of them that got a name.
  [[nodiscard]] virtual uint64_t looked() const = 0;
  [[nodiscard]] virtual uint64_t named() const = 0;
};

}  // namespace prof
