// How the unwinder looks at code bytes: the one thing it asks of the world outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace prof {

/// Reads code of the live target; a replay gives recorded bytes.
class CodeReader {
 public:
  virtual ~CodeReader() = default;
  /// Fills a prefix of `out` from an absolute address; returns its length, 0 when unreadable.
  virtual size_t read_code(uint64_t address, std::span<std::byte> out) = 0;
};

}  // namespace prof
