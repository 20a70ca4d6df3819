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

#include "runtime/hotspot.h"
#include "runtime/node_version.h"
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
  unknown_version,
  no_symbols,
  free_threaded,
  wrong_offsets,   // memory does not agree with the offsets of its version
  no_loop,         // frames of functions are there, but what evaluates them is in no native stack
  often_unmatched,  // frames are there, but of many samples they are not those of the native stack
  wasm_code,       // is not named: its objects are not as they are known to be
};

struct RuntimeState {
  std::string runtime;  // `V8 11.3.244`, `Go 1.22.3`; empty: no runtime that we know
  std::string product;  // `Node.js 20.20.2`; empty: not known
  RuntimeProblem problem = RuntimeProblem::none;
  std::string constant;  // that is missing or unusable
  int error = 0;         // errno of the refusal
};

/// A function by its number (from 0, in order of first sight), and the line at which it stands (0: not known).
struct FunctionPlace {
  uint32_t function = 0;
  uint32_t line = 0;
};

/// As which functions a frame is shown.
struct NamedFrame {
  RuntimeNaming::As as = RuntimeNaming::As::itself;
  std::span<const FunctionPlace> places;  // innermost first; valid until the next call
};

class RuntimeNames {
 public:
  /// `memory` must outlive this.
  explicit RuntimeNames(HeapSource& memory) : memory_(memory) {}

  /// Looks whether the file is a runtime's; only while none is known.
  /// @param bias from addresses of the file to those of the process
  /// @returns whether it is one whose functions are named here
  bool look_at(const ByteSource& file, uint64_t bias);
  /// Another program runs now.
  void forget_runtime();
  /// Who knows frames of code that the runtime made, null for nobody. To be asked anew for each stack, with the time at
  /// which the thread stood there (CLOCK_MONOTONIC, ns).
  [[nodiscard]] RuntimeCode* code(uint64_t sample_ns);
  /// Whether code comes and goes, so that samples should be read soon.
  [[nodiscard]] bool is_restless() const { return hotspot_ && hotspot_->unloading().is_restless(); }
  /// Whether code or classes took the places of others about the time of the sample: what was read before may not hold.
  [[nodiscard]] bool is_replacing() const { return is_restless() || (v8_ && v8_->is_replacing()); }
  /// Nothing while there is no runtime whose frames can be named.
  [[nodiscard]] std::optional<FrameSlots> slots() const;
  /// One per frame, in order. Only while there are slots.
  void name(std::span<const RuntimeFrame> frames, std::vector<NamedFrame>& named);
  /// Functions that are new since the last call, by ascending id.
  [[nodiscard]] std::vector<RuntimeFunction> take_new();
  [[nodiscard]] RuntimeState state() const;
  /// The number of a function that another reader has named; nothing when there are too many.
  [[nodiscard]] std::optional<uint32_t> number(const RuntimeFunction& function) { return intern(function); }

 private:
  struct FunctionHash {
    size_t operator()(const RuntimeFunction& function) const;
  };

  void read_product();
  bool look_for_v8(const ByteSource& file, uint64_t bias);
  bool look_for_hotspot(const ByteSource& file, uint64_t bias);
  void read_hotspot();
  void retry_hotspot();
  [[nodiscard]] FrameNamer* namer() const;
  [[nodiscard]] std::optional<uint32_t> intern(const RuntimeFunction& function);

  HeapSource& memory_;
  RuntimeState state_;
  std::optional<V8Layout> layout_;
  std::unique_ptr<V8Frames> v8_;
  std::unique_ptr<HotSpot> hotspot_;
  HotSpotStructs::Exports hotspot_exports_;  // addresses of the process, while it is not read yet
  uint64_t hotspot_found_ns_ = 0;  // first
  uint64_t hotspot_tried_ns_ = 0;
  std::unordered_map<RuntimeFunction, uint32_t, FunctionHash> ids_;
  std::vector<RuntimeFunction> new_;
  std::vector<RuntimeNaming> namings_;
  std::vector<FunctionPlace> places_;  // of the stack in hand
  uint64_t node_metadata_ = 0;       // in the process, while the version of Node.js is to be read there
};

}  // namespace prof
