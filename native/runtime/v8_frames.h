// From frames of V8's code to functions. What was found is remembered with the words it was found by; each later use
// reads these again, since the collector moves and frees objects: another object at the same place has other words.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/frame_namer.h"
#include "runtime/heap_pages.h"
#include "runtime/v8_codes.h"
#include "runtime/v8_functions.h"
#include "runtime/v8_handlers.h"
#include "runtime/v8_inlining.h"
#include "runtime/v8_lines.h"
#include "runtime/v8_wasm.h"

namespace prof {

class V8Frames : public FrameNamer {
 public:
  /// Both must outlive this.
  V8Frames(const V8Layout& layout, HeapSource& source)
      : layout_(layout), source_(source), pages_(source), heap_(layout, pages_), codes_(heap_),
        functions_(heap_), inlining_(heap_, functions_), lines_(heap_, functions_), handlers_(heap_), wasm_(heap_, source) {}

  [[nodiscard]] FrameSlots slots() const override {
    const int32_t position = layout_.interpreter ? layout_.interpreter->fp_offset : layout_.fp_bytecode;
    return {layout_.fp_context, layout_.fp_function, layout_.fp_bytecode, position};
  }
  /// A sample of that time (CLOCK_MONOTONIC, ns) is named from now on.
  void begin_sample(uint64_t time_ns) { sample_ns_ = time_ns; }
  /// Whether code took the place of other code shortly before that sample, or since.
  [[nodiscard]] bool is_replacing() const { return codes_.is_restless(sample_ns_); }
  void name(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) override;
  [[nodiscard]] uint64_t looked() const override { return looked_; }
  [[nodiscard]] uint64_t named() const override { return named_; }
  [[nodiscard]] const V8Wasm& wasm() const { return wasm_; }

 private:
  struct Key {
    uint64_t code;      // an address; 0: function and bytecode tell all
    uint64_t function;  // 0: the code tells all
    uint64_t bytecode;  // or context
    bool is_leaf;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Known {
    RuntimeNaming::As as = RuntimeNaming::As::itself;
    std::vector<RuntimeFunction> functions;
    std::vector<uint32_t> lines;  // of the functions; of interpreted code, where the steps do not tell
    std::vector<V8LineStep> steps;
    std::vector<std::byte> bytecode;  // that they are of
    std::vector<uint32_t> starts;     // of single bytecodes; every offset, where it is not known which they are
    std::vector<ProofRange> ranges;
    std::vector<uint64_t> words;  // of all ranges, in order
    uint64_t proved_ns = 0;       // when they were read last
    uint64_t shared = 0;          // of optimized code: what the function in the frame must be of; 0: it is proved already
    uint64_t function = 0;        // that was found to be so
  };
  struct Use {
    size_t frame;
    Known* known;
    size_t first_range;
    bool has_function;  // the range after those of `known` is what its function is of
  };

  /// Under which a frame may be known, by its own words; the first that is known holds.
  [[nodiscard]] std::array<Key, 2> keys_of(const RuntimeFrame& frame) const;
  /// Under which it is remembered that nothing could be said of it.
  [[nodiscard]] static Key useless_key(const RuntimeFrame& frame);
  /// Generated code that is no JavaScript says so in its frame.
  [[nodiscard]] const RuntimeFunction* marked(const RuntimeFrame& frame) const;
  [[nodiscard]] bool has_marker(const RuntimeFrame& frame, const std::optional<int32_t>& marker) const;
  [[nodiscard]] Known* find_known(const RuntimeFrame& frame);
  /// Whether the function in the frame is still to be held against the code: other code may have been there at the sample.
  [[nodiscard]] bool asks_function(const RuntimeFrame& frame, const Known& known) const;
  void forget_pages();
  void recheck(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings);
  void look_into(std::span<const RuntimeFrame> frames, size_t at, RuntimeNaming& naming);
  [[nodiscard]] RuntimeNaming naming_of(std::span<const RuntimeFrame> frames, size_t at, const Known& known);
  /// The line where an interpreted frame stands; 0 when it cannot be told.
  [[nodiscard]] uint32_t interpreted_line(std::span<const RuntimeFrame> frames, size_t at, const Known& known);
  /// Which of its keys the frame is known by from now on; nothing when it cannot be named.
  [[nodiscard]] std::optional<size_t> resolve(const RuntimeFrame& frame, Known& known);
  [[nodiscard]] std::optional<size_t> resolve_generated(const RuntimeFrame& frame, Known& known);
  [[nodiscard]] bool resolve_wasm(const RuntimeFrame& frame, Known& known);
  /// Code by which JavaScript calls WebAssembly.
  [[nodiscard]] bool resolve_js_to_wasm(const V8Code& code, const RuntimeFrame& frame, Known& known);
  [[nodiscard]] bool resolve_optimized(V8Code& code, const RuntimeFrame& frame, Known& known);
  /// Whether it is optimized code; reads what that says.
  [[nodiscard]] bool read_optimized(V8Code& code);
  /// Whether other code may have been there at the time of the sample: it is not that of the frame's function; or, where
  /// nothing is left of that, it was found later only.
  [[nodiscard]] bool is_of_another(const RuntimeFrame& frame, const V8Code& code, Known& known);
  /// Of the copy that the collector made of a function.
  [[nodiscard]] std::optional<uint64_t> shared_of_moved(const RuntimeFrame& frame);
  /// By the function of the frame, if its bytecode is what the frame runs: its SharedFunctionInfo.
  [[nodiscard]] std::optional<uint64_t> resolve_by_bytecode(const RuntimeFrame& frame, Known& known);
  [[nodiscard]] bool resolve_by_context(const RuntimeFrame& frame, Known& known);
  [[nodiscard]] std::optional<uint64_t> shared_of(const RuntimeFrame& frame, Known& known);
  [[nodiscard]] bool holds(uint64_t shared, uint64_t bytecode, Known& known);
  /// What tells the lines of an interpreted function.
  void add_steps(uint64_t bytecode, uint64_t shared, Known& known);
  [[nodiscard]] bool describe(uint64_t shared, RuntimeNaming::As as, Known& known);
  /// Whether code that was found is still there.
  [[nodiscard]] bool is_there(const V8Code& code);
  [[nodiscard]] bool add_code_proof(const V8Code& code, Known& known);
  [[nodiscard]] bool add_proof(uint64_t address, size_t words, Known& known);

  const V8Layout& layout_;
  HeapSource& source_;
  HeapPages pages_;
  V8Heap heap_;
  V8Codes codes_;
  V8Functions functions_;
  V8Inlining inlining_;
  V8Lines lines_;
  V8Handlers handlers_;
  V8Wasm wasm_;
  const RuntimeFunction regexp_{"(regexp)", "", 0};
  const RuntimeFunction any_wasm_{"(WebAssembly)", "", 0};
  const RuntimeFunction wasm_to_js_{"(WebAssembly to JavaScript)", "", 0};
  std::unordered_map<Key, Known, KeyHash> known_;
  std::unordered_map<Key, uint64_t, KeyHash> useless_;  // until which stack they are not tried again
  uint64_t stacks_ = 0;
  uint64_t now_ns_ = 0;
  uint64_t sample_ns_ = UINT64_MAX;
  uint64_t pages_since_ns_ = 0;  // of what the pages hold
  bool is_outdated_ = false;     // what they hold, or is known of code, as the frame in hand has shown
  bool is_too_new_ = false;      // code of that frame: nothing tells whether it was there at the sample, it will of later ones
  uint64_t looked_ = 0;
  uint64_t named_ = 0;
  size_t kept_bytes_ = 0;  // of bytecode and steps
  std::vector<Use> uses_;  // of the stack in hand
  std::vector<uint32_t> stack_lines_;  // of its interpreted frames
  std::vector<ProofRange> proof_;
  std::vector<uint64_t> words_;
  std::vector<WordRange> ranges_;
};

}  // namespace prof
