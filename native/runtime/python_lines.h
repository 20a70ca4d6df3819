// Which line each instruction of a code object came from: its location table, which is of one form since 3.11
// (PEP 626, Objects/locations.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace prof {

class PythonLines {
 public:
  /// Of no code: no line is known.
  PythonLines() = default;

  /// Nothing when the table is not of code of this many bytes, or says what cannot be.
  [[nodiscard]] static std::optional<PythonLines> decode(std::span<const std::byte> table, uint32_t first_line,
                                                         uint64_t code_bytes);

  /// From 1; 0: the instruction has none. `offset`: bytes from the first instruction; less than 0 before it has begun,
  /// which counts as the line of the `def` there as it does for CPython.
  [[nodiscard]] uint32_t line_at(int64_t offset) const;
  [[nodiscard]] size_t size() const { return stretches_.size(); }

 private:
  struct Stretch {
    uint32_t end = 0;  // offset
    uint32_t line = 0;
  };
  void add(uint64_t end, uint32_t line);

  uint32_t first_line_ = 0;
  std::vector<Stretch> stretches_;  // ascending
};

}  // namespace prof
