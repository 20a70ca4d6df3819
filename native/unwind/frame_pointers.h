// Finds rbp where it is not known: of a thread that sleeps only pc and sp can be had, and a function with a frame
// pointer has its CFA by rbp alone. Its prologue says how far the two are apart, and the return address found there must follow
// a call of this very function; else nothing is found.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "unwind/code_map.h"
#include "unwind/code_reader.h"
#include "unwind/prologue.h"
#include "unwind/stack_copy.h"

namespace prof {

/// Absolute start of the function that holds an address; 0 when call-frame data do not say.
[[nodiscard]] uint64_t function_of(const CodeRange& range, uint64_t lookup);

class FramePointers {
 public:
  /// Both must outlive this.
  FramePointers(const CodeMap& map, CodeReader& reader) : map_(map), reader_(reader) {}

  /// rbp of the frame at `lookup`, an address in `range`, where the stack pointer is `sp`. `is_sampled`: the thread
  /// stands there itself; then only at a system call, where prologue and epilogue are far.
  std::optional<uint64_t> find(const CodeRange& range, uint64_t lookup, uint64_t sp, const StackCopy& stack,
                               bool is_sampled);
  /// To be called after the code map changed.
  void flush() { frame_bytes_.clear(); }

 private:
  [[nodiscard]] bool is_after_system_call(uint64_t address);
  std::optional<uint64_t> read_frame_bytes(uint64_t function);
  [[nodiscard]] bool is_call_of(uint64_t function, uint64_t return_address);
  [[nodiscard]] uint64_t follow(CallTarget target);
  [[nodiscard]] uint64_t end_of_jumps(uint64_t address);

  const CodeMap& map_;
  CodeReader& reader_;
  std::unordered_map<uint64_t, std::optional<uint64_t>> frame_bytes_;  // by function
};

}  // namespace prof
