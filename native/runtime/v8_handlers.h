// Where an interpreted frame stands in its bytecode. Calls of JavaScript bring the word of the frame up to date that says
// so. Few other bytecodes do: while a handler runs, or has called, it counts only if that is the handler of the bytecode
// there. Which handler is whose tells the interpreter's table of handlers, which a thread in interpreted code has in a
// register, as it has the offset itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/frame_namer.h"
#include "runtime/v8_heap.h"

namespace prof {

class V8Handlers {
 public:
  /// Must outlive this.
  explicit V8Handlers(V8Heap& heap) : heap_(heap) {}

  struct Place {
    uint32_t offset = 0;
    bool is_any_of_kind = false;  // or at another bytecode of the same kind
  };
  /// The place in the bytecode of a frame; nothing when it cannot be told.
  /// @param callee the frame that it called, if it is known
  [[nodiscard]] std::optional<Place> place(const RuntimeFrame& frame, const RuntimeFrame* callee,
                                           std::span<const std::byte> bytecode);

 private:
  // Per width of operands, by bytecode.
  static constexpr size_t kBytecodes = 256;
  static constexpr size_t kWidths = 3;
  struct Table {
    uint64_t address = 0;
    std::array<uint64_t, kBytecodes * kWidths> handlers{};
    std::vector<uint64_t> starts;  // of all handlers, ascending
  };

  /// The address in a handler that the frame is at; handlers may have frames of their own. Nothing when it has none.
  [[nodiscard]] std::optional<uint64_t> handler_address(const RuntimeFrame& frame) const;
  /// Whether the handler of the bytecode at an offset holds the address.
  [[nodiscard]] bool is_handled(std::span<const std::byte> bytecode, uint32_t offset, uint64_t address) const;
  /// Takes what is at the address for a table of handlers, if it is one.
  void learn(const RuntimeFrame& frame, uint64_t address, std::span<const std::byte> bytecode, uint32_t offset);
  [[nodiscard]] std::optional<uint32_t> in_bytecode(int64_t from_start, size_t length) const;

  V8Heap& heap_;
  std::vector<Table> tables_;
};

}  // namespace prof
