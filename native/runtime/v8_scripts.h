// Where functions begin: lines of scripts, counted in the source text that V8 itself holds (so that generated and
// transpiled code is right, too). Bounded cache, checked against the script object at each use.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/v8_heap.h"

namespace prof {

/// Where the lines of a text begin.
struct V8LineStarts {
  uint64_t source = 0;           // the string they were counted in: another one is another script
  V8Chars chars;
  std::vector<uint32_t> starts;  // positions of the first characters of lines 2, 3 ...

  /// From 1.
  [[nodiscard]] uint32_t line_of(uint32_t position) const;
};

class V8Scripts {
 public:
  explicit V8Scripts(V8Heap& heap) : heap_(heap) {}

  /// The script's name; empty when it has none (eval).
  [[nodiscard]] std::optional<std::string> name(uint64_t script);
  /// The line, from 1, of a character position where a function may begin; 0 when it cannot be told.
  [[nodiscard]] uint32_t line_of_function(uint64_t script, uint32_t position);
  /// The lines of any positions, in order; empty when they cannot be told.
  [[nodiscard]] std::vector<uint32_t> lines(uint64_t script, std::span<const uint32_t> positions);
  /// Null when they cannot be told. Kept until there are too many.
  [[nodiscard]] std::shared_ptr<const V8LineStarts> lines_of(uint64_t script);

 private:
  [[nodiscard]] bool count_lines(V8LineStarts& lines);
  [[nodiscard]] bool may_begin_function(const V8LineStarts& lines, uint32_t position);

  V8Heap& heap_;
  std::unordered_map<uint64_t, std::shared_ptr<const V8LineStarts>> lines_;  // by script
  size_t kept_lines_ = 0;
};

}  // namespace prof
