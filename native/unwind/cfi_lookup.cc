// Binary search over .eh_frame_hdr (LSB Core 5.0, 10.6.2), then the FDE's program up to the address.
#include "unwind/cfi_lookup.h"

#include <cstring>

#include "unwind/cfi_program.h"
#include "unwind/cfi_table.h"
#include "unwind/eh_frame.h"

namespace prof {
namespace {

constexpr size_t kTableOffset = 12;
constexpr size_t kEntryBytes = 8;

struct FoundFde {
  uint64_t offset;  // in .eh_frame
  Cie cie;
  Fde fde;
  uint64_t va;  // the address asked for, moved back into the function when it stood in padding
};

class HdrTable {
 public:
  explicit HdrTable(const ModuleImage& image) : hdr_(image.eh_frame_hdr) {
    const auto& bytes = hdr_.bytes;
    if (bytes.size() < kTableOffset || bytes[0] != std::byte{1} || bytes[2] != std::byte{0x03} ||
        bytes[3] != std::byte{0x3b}) {
      return;
    }
    uint32_t count = 0;
    std::memcpy(&count, bytes.data() + 8, sizeof(count));
    count_ = std::min<size_t>(count, (bytes.size() - kTableOffset) / kEntryBytes);
  }

  [[nodiscard]] size_t size() const { return count_; }
  [[nodiscard]] uint64_t start_va(size_t entry) const { return relative(entry, 0); }
  [[nodiscard]] uint64_t fde_va(size_t entry) const { return relative(entry, 4); }

  /// How many entries start at or before `va`.
  [[nodiscard]] size_t count_up_to(uint64_t va) const {
    size_t lo = 0;
    size_t hi = count_;
    while (lo < hi) {
      const size_t middle = lo + (hi - lo) / 2;
      if (start_va(middle) <= va) {
        lo = middle + 1;
      } else {
        hi = middle;
      }
    }
    return lo;
  }

 private:
  [[nodiscard]] uint64_t relative(size_t entry, size_t field) const {
    int32_t value = 0;
    std::memcpy(&value, hdr_.bytes.data() + kTableOffset + entry * kEntryBytes + field, sizeof(value));
    return hdr_.va + static_cast<uint64_t>(int64_t{value});
  }

  const ModuleImage::Section& hdr_;
  size_t count_ = 0;
};

std::optional<FoundFde> find_fde(const ModuleImage& image, const EhFrame& frame, uint64_t va) {
  const HdrTable table(image);
  const size_t after = table.count_up_to(va);
  if (after == 0 || !image.is_text(va)) return std::nullopt;
  const uint64_t offset = table.fde_va(after - 1) - image.eh_frame.va;
  const auto record = frame.record_at(offset);
  if (!record || record->is_cie) return std::nullopt;
  const auto cie = frame.cie_at(record->cie_offset);
  if (!cie) return std::nullopt;
  const auto fde = frame.fde_at(offset, *cie);
  if (!fde || va < fde->lo || fde->hi > image.text_hi) return std::nullopt;
  if (va >= fde->hi) {
    const bool is_padding = after < table.size() && table.start_va(after) - fde->hi <= kMaxPaddingBytes;
    if (!is_padding) return std::nullopt;
    va = fde->hi - 1;
  }
  return FoundFde{offset, *cie, *fde, va};
}

}  // namespace

bool has_search_table(const ModuleImage& image) { return HdrTable(image).size() > 0; }

std::optional<CfiRule> look_up_rule(const ModuleImage& image, uint64_t va) {
  const EhFrame frame(image);
  const auto found = find_fde(image, frame, va);
  if (!found) return std::nullopt;
  const auto initial = initial_state(frame, found->cie);
  if (!initial) return std::nullopt;
  CfiProgram program(frame, found->cie, *initial, found->fde);
  CfiRule rule;
  CfiRow row;
  while (program.next(row) && row.pc <= found->va) rule = row.rule;
  if (rule.cfa == CfaKind::none) return std::nullopt;
  return rule;
}

std::optional<CodeStretch> look_up_function(const ModuleImage& image, uint64_t va) {
  const EhFrame frame(image);
  const auto found = find_fde(image, frame, va);
  return found ? std::optional(CodeStretch{found->fde.lo, found->fde.hi}) : std::nullopt;
}

uint64_t look_up_function_start(const ModuleImage& image, uint64_t va) {
  const auto found = look_up_function(image, va);
  return found ? found->lo : 0;
}

}  // namespace prof
