// Interned frames and stacks. A stack is a path in a trie of (parent stack, frame), root first; id 0 is the empty
// stack. Rows are handed over once, when they are new. The table has a bound, so that hours of a program that never
// repeats a stack cannot use up memory: beyond it only stacks that are known already are found.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "table/interner.h"

namespace prof {

/// Order is `frameKinds` in src/profile/frames.ts.
enum class FrameKind : uint8_t { native, exec_anon, kernel, kernel_unseen, truncated, blocked, runtime };

inline constexpr uint32_t kNoModuleId = UINT32_MAX;

struct Frame {
  FrameKind kind = FrameKind::native;
  uint32_t module = kNoModuleId;
  // ELF virtual address inside a module; of a runtime's frame its function's number, above it the line; else absolute.
  uint64_t address = 0;
  bool operator==(const Frame&) const = default;
};

/// Rows that JavaScript has not seen yet, as columns.
struct NewRows {
  std::vector<uint8_t> frame_kind;
  std::vector<uint32_t> frame_module;
  std::vector<uint64_t> frame_address;
  std::vector<uint64_t> frame_function_start;
  std::vector<uint32_t> stack_parent;
  std::vector<uint32_t> stack_frame;
};

/// How much a table may hold. Some 100 bytes a frame and 50 a stack, both sides of the border together.
struct TableBounds {
  size_t frames = size_t{1} << 20;
  size_t stacks = size_t{1} << 21;
};

class StackTable {
 public:
  explicit StackTable(TableBounds bounds = {}) : bounds_(bounds) {}

  /// The stack of a path of frames, leaf first; nothing when it is new and the table is full. `thread` is any number
  /// that tells threads apart: what one shares with its last stack is not looked up again.
  /// `function_start(frame)` is asked once per new frame.
  template <class FunctionStart>
  std::optional<uint32_t> add_path(std::span<const Frame> path, uint32_t thread, NewRows& rows,
                                   FunctionStart function_start) {
    Recent& recent = recent_[thread % recent_.size()];
    size_t known = recent.count_shared(path);
    recent.forget_beyond(known);
    uint32_t stack = known == 0 ? 0 : recent.stacks.back();
    for (; known < path.size(); known++) {
      const Frame& frame = path[path.size() - 1 - known];
      const auto next = push(stack, frame, bounds_, rows, function_start);
      if (!next) return std::nullopt;
      stack = *next;
      recent.frames.push_back(frame);
      recent.stacks.push_back(stack);
    }
    return stack;
  }

  /// What stands for a stack that the full table has no room for: its leaf on a [truncated] mark. There is always
  /// room for that, one for each frame.
  template <class FunctionStart>
  uint32_t add_leaf(const Frame& leaf, NewRows& rows, FunctionStart function_start) {
    const TableBounds reserved{bounds_.frames + 1, bounds_.stacks + bounds_.frames + 2};
    const Frame mark{FrameKind::truncated, kNoModuleId, 0};
    const uint32_t stack = push(0, mark, reserved, rows, function_start).value_or(0);
    return push(stack, leaf, {bounds_.frames, reserved.stacks}, rows, function_start).value_or(stack);
  }

 private:
  /// A thread's last stack: frames, and the stack that each completes, both root first.
  struct Recent {
    std::vector<Frame> frames;
    std::vector<uint32_t> stacks;

    /// How many frames, from the root, a path (leaf first) has in common with this.
    [[nodiscard]] size_t count_shared(std::span<const Frame> path) const {
      const size_t most = frames.size() < path.size() ? frames.size() : path.size();
      size_t shared = 0;
      while (shared < most && frames[shared] == path[path.size() - 1 - shared]) shared++;
      return shared;
    }
    void forget_beyond(size_t count) {
      frames.resize(count);
      stacks.resize(count);
    }
  };
  struct FrameHash {
    size_t operator()(const Frame& frame) const {
      return mix_bits(frame.address ^ (static_cast<uint64_t>(frame.module) << 40) ^ static_cast<uint64_t>(frame.kind));
    }
  };
  struct Edge {
    uint32_t parent;
    uint32_t frame;
    bool operator==(const Edge&) const = default;
  };
  struct EdgeHash {
    size_t operator()(const Edge& edge) const {
      return mix_bits((static_cast<uint64_t>(edge.parent) << 32) | edge.frame);
    }
  };

  /// The stack that has `frame` on top of `parent`; nothing when that would exceed the bounds.
  template <class FunctionStart>
  std::optional<uint32_t> push(uint32_t parent, const Frame& frame, const TableBounds& bounds, NewRows& rows,
                               FunctionStart function_start) {
    const auto interned = frames_.intern(frame, bounds.frames);
    if (!interned) return std::nullopt;
    if (interned->is_new) {
      rows.frame_kind.push_back(static_cast<uint8_t>(frame.kind));
      rows.frame_module.push_back(frame.module);
      rows.frame_address.push_back(frame.address);
      rows.frame_function_start.push_back(function_start(frame));
    }
    const auto stack = stacks_.intern({parent, interned->id}, bounds.stacks);
    if (!stack) return std::nullopt;
    if (stack->is_new) {
      rows.stack_parent.push_back(parent);
      rows.stack_frame.push_back(interned->id);
    }
    return stack->id + 1;
  }

  TableBounds bounds_;
  Interner<Frame, FrameHash> frames_;
  Interner<Edge, EdgeHash> stacks_;
  std::array<Recent, 16> recent_;
};

}  // namespace prof
