// Walks a stack copy: (registers, stack bytes, code map) -> addresses. By call-frame rules where a module has
// them, by frame pointers elsewhere. No names, no files, no clock; the only outside read is a few code bytes
// of pcs without rules, through CodeReader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "unwind/code_map.h"
#include "unwind/code_reader.h"
#include "unwind/code_step.h"
#include "unwind/frame_pointers.h"
#include "unwind/go_frames.h"
#include "unwind/late_stack.h"
#include "unwind/leaf_code.h"
#include "unwind/registers.h"
#include "unwind/runtime_code.h"
#include "unwind/stack_copy.h"
#include "unwind/stack_end.h"

namespace prof {

class Walk;

inline constexpr size_t kMaxStackDepth = 1024;

struct UnwoundFrame {
  uint64_t address = 0;              // absolute, as looked up: already -1 for return addresses
  const CodeRange* range = nullptr;  // null: no mapping. Points into the code map
  uint64_t frame_pointer = 0;        // of code without a rule that keeps one, or whose runtime knows it; else 0
};

class Unwinder {
 public:
  /// Both must outlive the unwinder. One thread at a time.
  Unwinder(const CodeMap& map, CodeReader& reader);

  /// Frames go to `out` (cleared first), leaf first, at most kMaxStackDepth. Never fails: the result says
  /// why it ended. `stack.base` must be registers.sp(); the copy may be short or empty.
  StackEnd unwind(const Registers& registers, StackCopy stack, std::vector<UnwoundFrame>& out);

  /// After unwind() of the same sample gave `truncated_copy` or `bad_fp`: goes on where it ended, through memory as it
  /// is now, also onto another stack that a frame pointer leads to (Go's systemstack and cgo calls). Callers seldom
  /// change in the meantime. True, with all frames in `out`, only if every address that was read late follows a call
  /// and the last frame is a thread's first. Else `out` stays as it is; true nevertheless when it ends in
  /// Go's systemstack, the end of the thread's own stack, whose goroutine has gone on meanwhile.
  /// @param chain return addresses by frame pointers, leaf first, read with the sample: those of a goroutine need not be
  ///   read late then; may be empty
  bool complete(const Registers& registers, StackCopy stack, std::span<const uint64_t> chain, LateStack& late,
                std::vector<UnwoundFrame>& out);
  /// How many stacks have come to the end of a thread's own stack, beyond which a goroutine's goes on.
  [[nodiscard]] uint64_t stack_switches() const { return stack_switches_; }

  /// Who knows the frames of code that belongs to no file: null for nobody. Must outlive its use.
  void set_runtime(RuntimeCode* runtime) { runtime_ = runtime; }

  /// Forgets cached rules. To be called after the code map changed; also lets code bytes of JIT memory be
  /// read again.
  void flush();

 private:
  /// How many frames it has added at `depth`: 1 or 0.
  size_t put_frame(Walk& walk, const CodeStep& step, size_t depth);
  const CodeStep& step_at(uint64_t lookup);
  [[nodiscard]] CodeStep resolve(uint64_t lookup);
  [[nodiscard]] CodeHints read_hints(uint64_t address);
  [[nodiscard]] CodeBefore look_before(uint64_t address);
  /// Whether `chain` leads from Go's systemstack, the frame in hand, to the first function of its goroutine: then its
  /// frames are put from `depth` on, which is behind them afterwards.
  [[nodiscard]] bool put_goroutine(const Walk& walk, const CodeStep& step, std::span<const uint64_t> chain, size_t& depth);
  /// Whether frames `from` to `to` are the only callers that were ever seen of a call of C.
  [[nodiscard]] bool is_only_caller(uint64_t call, size_t from, size_t to);

  const CodeMap& map_;
  CodeReader& reader_;
  RuntimeCode* runtime_ = nullptr;
  std::vector<CodeStep> cache_;
  FramePointers frame_pointers_;
  GoFrames go_frames_;
  std::vector<UnwoundFrame> frames_;  // the walk in progress
  std::unordered_map<uint64_t, CodeBefore> code_before_;  // by return address that was read late
  std::unordered_map<uint64_t, uint64_t> cgo_callers_;    // by call of C: its callers, mixed
  uint64_t stack_switches_ = 0;
};

}  // namespace prof
