// Runs the call-frame program of one FDE and yields its rows in address order (DWARF 5, 6.4.2).
// The same machine serves whole tables (cfi_table) and single look-ups (cfi_lookup), so both agree.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/cfi_rule.h"
#include "unwind/eh_frame.h"

namespace prof {

/// `rule` holds from `pc` (ELF virtual address) to the next row or the end of the FDE.
struct CfiRow {
  uint64_t pc = 0;
  CfiRule rule;
};

/// The rule after a CIE's own instructions: what every FDE of that CIE starts with. Nothing when they are
/// damaged or move the location.
[[nodiscard]] std::optional<CfiRule> initial_rule(const EhFrame& frame, const Cie& cie);

class CfiProgram {
 public:
  /// All arguments must outlive the program, also those of next().
  CfiProgram(const EhFrame& frame, const Cie& cie, const CfiRule& initial, const Fde& fde);

  /// The next row; false when there is none. Expressions are positions in the .eh_frame bytes.
  /// An instruction that is not known gives a last row without a rule.
  bool next(CfiRow& row);

 private:
  friend std::optional<CfiRule> initial_rule(const EhFrame& frame, const Cie& cie);

  bool execute();
  bool execute_extended(uint8_t opcode);
  bool advance(uint64_t units);
  bool set_location();
  void set_cfa(uint64_t reg, int64_t offset);
  bool set_cfa_register(uint64_t reg);
  bool set_cfa_offset(int64_t offset);
  bool set_cfa_expression();
  void save_at_cfa(uint64_t reg, int64_t offset);
  void save_by_expression(uint64_t reg, std::span<const std::byte> expression);
  void save_as(uint64_t reg, SaveKind kind);
  void restore(uint64_t reg);
  bool restore_state();

  const EhFrame& frame_;
  const Cie& cie_;
  CfiRule initial_;
  CfiRule rule_;
  uint64_t pc_;
  uint64_t hi_;
  bool done_ = false;
  ByteCursor cursor_;
  std::vector<CfiRule> remembered_;
};

}  // namespace prof
