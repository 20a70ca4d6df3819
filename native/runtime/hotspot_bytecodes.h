// At which bytecode a frame of HotSpot's interpreter stands. Where the thread stands, r13 holds the bytecode's address;
// of its callers the word in the frame does, if it was kept there before the call: some calls into the VM do not.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "runtime/frame_namer.h"
#include "runtime/heap_source.h"
#include "runtime/hotspot_methods.h"

namespace prof {

class HotSpotBytecodes {
 public:
  /// `memory` must outlive this.
  explicit HotSpotBytecodes(HeapSource& memory) : memory_(memory) {}

  /// Its index (bci) within the method of the frame; nothing when it cannot be told.
  [[nodiscard]] std::optional<uint32_t> index(const RuntimeFrame& frame, const JavaMethod& method);

 private:
  [[nodiscard]] bool is_kept(uint64_t return_address);
  [[nodiscard]] bool read_is_kept(uint64_t return_address);

  HeapSource& memory_;
  std::unordered_map<uint64_t, bool> kept_;  // by return address: the interpreter's code does not change
};

}  // namespace prof
