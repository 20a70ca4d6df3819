// The bytes of a thread's stack as they were when it was sampled, from its rsp upward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace prof {

struct StackCopy {
  uint64_t base = 0;                 // the sampled rsp
  std::span<const std::byte> bytes;  // may end before the thread's first frame

  [[nodiscard]] bool read_word(uint64_t address, uint64_t& out) const {
    const uint64_t offset = address - base;
    if (offset >= bytes.size() || bytes.size() - offset < sizeof(out)) return false;
    std::memcpy(&out, bytes.data() + offset, sizeof(out));
    return true;
  }
};

}  // namespace prof
