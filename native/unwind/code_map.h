// Which code stands where in the target: executable ranges, each with its module and call-frame data.
// Pure data, made by target_modules (or a replay) from the target's mappings; does no reading itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "unwind/cfi_table.h"
#include "unwind/module_image.h"

namespace prof {

/// Module of executable memory that belongs to no ELF file: JIT code, trampolines, [vsyscall].
inline constexpr uint32_t kNoModule = std::numeric_limits<uint32_t>::max();

struct CodeRange {
  uint64_t lo = 0;  // absolute addresses [lo, hi)
  uint64_t hi = 0;
  uint64_t bias = 0;  // absolute = ELF virtual address + bias
  uint32_t module = kNoModule;
  uint64_t entry = 0;  // ELF e_entry, 0 when unknown
  // Of a Go program, absolute; else 0.
  uint64_t go_table = 0;  // .gopclntab
  uint64_t go_text = 0;   // .text
  // Owned by whoever made the map, which outlives it. At most one is set: the table once it is built, the
  // image (slow look-ups) before that. Neither: frame pointers only.
  const CfiTable* table = nullptr;
  const ModuleImage* image = nullptr;
};

class CodeMap {
 public:
  CodeMap() = default;
  /// Ranges in any order; they do not overlap.
  explicit CodeMap(std::vector<CodeRange> ranges) : ranges_(std::move(ranges)) {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const CodeRange& a, const CodeRange& b) { return a.lo < b.lo; });
  }

  /// The range that holds an absolute address, null when none does. Valid as long as this map.
  [[nodiscard]] const CodeRange* find(uint64_t address) const {
    auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                  [](uint64_t value, const CodeRange& range) { return value < range.lo; });
    if (after == ranges_.begin()) return nullptr;
    --after;
    return address < after->hi ? &*after : nullptr;
  }

  [[nodiscard]] const std::vector<CodeRange>& ranges() const { return ranges_; }

 private:
  std::vector<CodeRange> ranges_;
};

}  // namespace prof
