// Reads the records of .eh_frame: CIEs and FDEs (LSB Core 5.0, 10.6; DWARF 5, 6.4.1).
// Does not run their programs (cfi_program.h) and keeps no state: safe from several threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "unwind/byte_cursor.h"
#include "unwind/module_image.h"

namespace prof {

struct Cie {
  uint64_t code_align = 1;
  int64_t data_align = -8;
  uint8_t fde_encoding = 0;
  bool has_augmentation = false;
  bool is_signal_frame = false;
  std::span<const std::byte> program;
};

struct Fde {
  uint64_t lo = 0;  // ELF virtual addresses [lo, hi)
  uint64_t hi = 0;
  std::span<const std::byte> program;
};

/// One record of the section, CIE or FDE. `cie_offset` is a section offset.
struct EhRecord {
  uint64_t next_offset = 0;
  bool is_cie = false;
  uint64_t cie_offset = 0;
};

class EhFrame {
 public:
  /// Keeps references into `image`, which must outlive it.
  explicit EhFrame(const ModuleImage& image) : section_(image.eh_frame), hdr_va_(image.eh_frame_hdr.va) {}

  /// The record at `offset`; nothing at the end: a zero length (terminator), the DWARF64 escape, or a
  /// length past the section.
  [[nodiscard]] std::optional<EhRecord> record_at(uint64_t offset) const;
  /// Nothing when damaged, of an unknown version or for a return address register other than rip.
  [[nodiscard]] std::optional<Cie> cie_at(uint64_t offset) const;
  /// The FDE at `offset`, whose CIE is given. Nothing when damaged, empty, or of an indirect encoding.
  [[nodiscard]] std::optional<Fde> fde_at(uint64_t offset, const Cie& cie) const;

  /// An encoded pointer (DW_EH_PE_*) read at the cursor, which stands at section address `va`.
  [[nodiscard]] std::optional<uint64_t> read_pointer(ByteCursor& cursor, uint8_t encoding, uint64_t va) const;
  [[nodiscard]] uint64_t va_of(const std::byte* inside) const {
    return section_.va + static_cast<uint64_t>(inside - section_.bytes.data());
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return section_.bytes; }

 private:
  [[nodiscard]] std::optional<ByteCursor> body_at(uint64_t offset) const;

  const ModuleImage::Section& section_;
  uint64_t hdr_va_;
};

}  // namespace prof
