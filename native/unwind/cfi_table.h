// The call-frame data of one module, compiled: one sorted row per change, found in tens of nanoseconds.
// Built once (in a builder thread), then constant: any thread may read it. 6 bytes a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "unwind/cfi_rule.h"
#include "unwind/module_image.h"

namespace prof {

/// Functions closer together than this are separated by padding, which belongs to the one before it.
inline constexpr uint64_t kMaxPaddingBytes = 16;

class CfiTable {
 public:
  CfiTable() = default;
  /// Compiles every FDE of the image. FDEs that overlap an earlier one, lie outside the executable segments
  /// or more than 4 GiB above the base are left out. Nothing of the image is referred to afterwards.
  explicit CfiTable(const ModuleImage& image);

  /// The rule at an ELF virtual address, null when there is no call-frame data for it.
  [[nodiscard]] const CfiRule* find(uint64_t va) const;
  /// Start of the FDE that covers `va`: the identity of a function without a symbol. 0 when none does.
  [[nodiscard]] uint64_t function_start(uint64_t va) const;
  /// The bytes that `expression` rules point into.
  [[nodiscard]] std::span<const std::byte> expressions() const { return expressions_; }

  [[nodiscard]] size_t row_count() const { return row_offsets_.size(); }
  [[nodiscard]] uint64_t row_va(size_t row) const { return base_va_ + row_offsets_[row]; }
  [[nodiscard]] size_t rule_count() const { return rules_.size(); }
  [[nodiscard]] size_t function_count() const { return function_offsets_.size(); }
  [[nodiscard]] size_t byte_size() const;
  /// Rows without a rule because more than 65,535 distinct rules exist.
  [[nodiscard]] size_t overflow_count() const { return overflow_count_; }

 private:
  friend class CfiTableBuilder;
  void index_rows();

  uint64_t base_va_ = 0;
  size_t overflow_count_ = 0;
  std::vector<uint32_t> row_offsets_;  // from base_va_, ascending
  std::vector<uint16_t> row_rules_;    // index into rules_; 0 is "no rule"
  std::vector<CfiRule> rules_;
  std::vector<std::byte> expressions_;
  std::vector<uint32_t> function_offsets_;
  uint32_t first_block_ = 0;
  std::vector<uint32_t> block_rows_;  // first row at or after each 256-byte block of code
};

}  // namespace prof
