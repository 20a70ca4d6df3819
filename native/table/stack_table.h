// Interned frames and stacks. A stack is a path in a trie of (parent stack, frame), root first; id 0 is the empty
// stack. Rows are handed over once, when they are new.
#pragma once

#include <cstdint>
#include <vector>

#include "table/interner.h"

namespace prof {

/// Order is `frameKinds` in src/profile/frames.ts.
enum class FrameKind : uint8_t { native, exec_anon, kernel, kernel_unseen, truncated, blocked };

inline constexpr uint32_t kNoModuleId = UINT32_MAX;

struct Frame {
  FrameKind kind = FrameKind::native;
  uint32_t module = kNoModuleId;
  uint64_t address = 0;  // ELF virtual address inside a module, else absolute
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

class StackTable {
 public:
  /// `function_start(frame)` is asked once per new frame.
  template <class FunctionStart>
  uint32_t add_frame(const Frame& frame, NewRows& rows, FunctionStart function_start) {
    const auto [id, is_new] = frames_.intern(frame);
    if (is_new) {
      rows.frame_kind.push_back(static_cast<uint8_t>(frame.kind));
      rows.frame_module.push_back(frame.module);
      rows.frame_address.push_back(frame.address);
      rows.frame_function_start.push_back(function_start(frame));
    }
    return id;
  }

  /// The stack that has `frame` on top of `parent`.
  uint32_t push(uint32_t parent, uint32_t frame, NewRows& rows) {
    const auto [index, is_new] = stacks_.intern({parent, frame});
    if (is_new) {
      rows.stack_parent.push_back(parent);
      rows.stack_frame.push_back(frame);
    }
    return index + 1;
  }

 private:
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

  Interner<Frame, FrameHash> frames_;
  Interner<Edge, EdgeHash> stacks_;
};

}  // namespace prof
