// The truth about a single-stepped thread's callers: every return address that a call really pushed, and
// every place a signal interrupted. Made by watching instructions, so it owes nothing to call-frame data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "unwind/registers.h"

namespace prof::replay {

class ShadowStack {
 public:
  /// After one instruction: `code` are the bytes at before.pc(), `top_word` is [after.sp()].
  void step(const Registers& before, const Registers& after, std::span<const std::byte> code,
            uint64_t top_word);
  /// After the kernel delivered a signal: `handler` stands at the handler's first instruction.
  void deliver_signal(const Registers& interrupted, const Registers& handler, uint64_t restorer);
  /// Looked-up addresses, leaf first, as an Unwinder gives them.
  void expect(uint64_t pc, std::vector<uint64_t>& out) const;

 private:
  struct Entry {
    uint64_t last_sp;  // the frame is gone once rsp is above
    uint64_t lookup;
  };
  void drop_left(uint64_t sp);

  std::vector<Entry> entries_;
};

/// Whether the instruction is a call: e8, ff /2, with any prefixes (Intel SDM, vol. 2A, CALL).
[[nodiscard]] bool is_call(std::span<const std::byte> code);

}  // namespace prof::replay
