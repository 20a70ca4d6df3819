// Walks a stack copy: (registers, stack bytes, code map) -> addresses. By call-frame rules where a module has
// them, by frame pointers elsewhere. No names, no files, no clock; the only outside read is a few code bytes
// of pcs without rules, through CodeReader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "unwind/code_map.h"
#include "unwind/leaf_code.h"
#include "unwind/prologue.h"
#include "unwind/registers.h"
#include "unwind/stack_copy.h"

namespace prof {

/// Why a walk ended. Only `root` is complete; every other end keeps the frames found so far.
enum class StackEnd : uint8_t {
  root,
  truncated_copy,  // the next slot lies past the stack copy
  no_map,          // the last frame's address is in no executable mapping
  bad_cfa,
  bad_fp,
  unsupported,
  max_depth,
};

inline constexpr size_t kMaxStackDepth = 1024;

/// Reads code of the live target; a replay gives recorded bytes.
class CodeReader {
 public:
  virtual ~CodeReader() = default;
  /// Fills a prefix of `out` from an absolute address; returns its length, 0 when unreadable.
  virtual size_t read_code(uint64_t address, std::span<std::byte> out) = 0;
};

struct UnwoundFrame {
  uint64_t address = 0;              // absolute, as looked up: already -1 for return addresses
  const CodeRange* range = nullptr;  // null: no mapping. Points into the code map
};

class Unwinder {
 public:
  /// Both must outlive the unwinder. One thread at a time.
  Unwinder(const CodeMap& map, CodeReader& reader);

  /// Frames go to `out` (cleared first), leaf first, at most kMaxStackDepth. Never fails: the result says
  /// why it ended. `stack.base` must be registers.sp(); the copy may be short or empty.
  StackEnd unwind(const Registers& registers, StackCopy stack, std::vector<UnwoundFrame>& out);

  /// Forgets cached rules. To be called after the code map changed; also lets code bytes of JIT memory be
  /// read again.
  void flush();

 private:
  // What to do at one looked-up address: 32 bytes, two to a cache line.
  struct CodeStep {
    uint64_t lookup;
    const CodeRange* range;
    CfiRule rule;  // cfa == none: frame pointers, with the hints of NoRuleHints in the other fields
  };
  class Walk;

  const CodeStep& step_at(uint64_t lookup);
  [[nodiscard]] CodeStep resolve(uint64_t lookup);
  [[nodiscard]] CodeHints read_hints(uint64_t address);
  /// The frame pointer of a function that stands at `step` with this stack pointer, when the register is not known: its
  /// prologue says how far apart they are, and the return address found there must follow a call of this very function.
  /// `is_sampled`: the thread stands there itself; then only at a system call, where prologue and epilogue are far.
  std::optional<uint64_t> find_frame_pointer(const CodeStep& step, uint64_t sp, const StackCopy& stack, bool is_sampled);
  [[nodiscard]] bool is_after_system_call(uint64_t address);
  std::optional<uint64_t> read_frame_bytes(uint64_t function);
  [[nodiscard]] bool is_call_of(uint64_t function, uint64_t return_address);
  [[nodiscard]] uint64_t follow(CallTarget target);
  [[nodiscard]] uint64_t end_of_jumps(uint64_t address);

  const CodeMap& map_;
  CodeReader& reader_;
  std::vector<CodeStep> cache_;
  std::vector<UnwoundFrame> frames_;  // the walk in progress
  std::unordered_map<uint64_t, std::optional<uint64_t>> frame_bytes_;  // by function
};

}  // namespace prof
