// One rule or one function start straight from .eh_frame_hdr, without a compiled table: for samples that
// arrive while the table is being built, and to check tables against. Microseconds, not nanoseconds.
#pragma once

#include <cstdint>
#include <optional>

#include "unwind/cfi_rule.h"
#include "unwind/module_image.h"

namespace prof {

/// Whether an image has the binary search table that all below go by.
[[nodiscard]] bool has_search_table(const ModuleImage& image);

/// The rule at an ELF virtual address. Expressions are positions in image.eh_frame.bytes. Nothing when no
/// FDE covers it or the image has no binary search table (the form 0x3b: datarel, sdata4).
[[nodiscard]] std::optional<CfiRule> look_up_rule(const ModuleImage& image, uint64_t va);

/// ELF virtual addresses [lo, hi).
struct CodeStretch {
  uint64_t lo = 0;
  uint64_t hi = 0;

  [[nodiscard]] bool holds(uint64_t va) const { return va >= lo && va < hi; }
};

/// What the FDE that covers `va` covers, or the one before it where `va` stands in padding.
[[nodiscard]] std::optional<CodeStretch> look_up_function(const ModuleImage& image, uint64_t va);

/// Its start, 0 when none does.
[[nodiscard]] uint64_t look_up_function_start(const ModuleImage& image, uint64_t va);

}  // namespace prof
