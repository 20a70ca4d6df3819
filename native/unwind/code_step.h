// What to do at one address: a rule of call-frame data, or what the code bytes there say where there is none.
#pragma once

#include <cstdint>

#include "unwind/code_map.h"
#include "unwind/leaf_code.h"

namespace prof {

/// 32 bytes, two to a cache line.
struct CodeStep {
  uint64_t lookup;
  const CodeRange* range;
  CfiRule rule;  // cfa == none: frame pointers, with the hints of NoRuleHints in the other fields
};

/// A pc without a rule keeps what its code bytes said in the unused fields of the rule.
struct NoRuleHints {
  CodeHints code;
  bool is_program_entry;
  bool is_interruption;  // Go's asyncPreempt

  [[nodiscard]] CfiRule pack() const {
    CfiRule rule;
    rule.cfa_reg = static_cast<uint8_t>((is_program_entry ? 1 : 0) | (code.in_signal_return ? 2 : 0) |
                                        (code.calls_signal_return ? 4 : 0) | (is_interruption ? 8 : 0));
    rule.cfa_offset = static_cast<int32_t>(code.here);
    rule.rbp_offset = static_cast<int32_t>(code.after);
    rule.rbx_offset = code.slots[0] | code.slots[1] << 8;
    return rule;
  }
  static NoRuleHints unpack(const CfiRule& rule) {
    const CodeHints code{static_cast<LeafForm>(rule.cfa_offset), static_cast<LeafForm>(rule.rbp_offset),
                         (rule.cfa_reg & 2) != 0, (rule.cfa_reg & 4) != 0,
                         {static_cast<uint8_t>(rule.rbx_offset), static_cast<uint8_t>(rule.rbx_offset >> 8)}};
    return {code, (rule.cfa_reg & 1) != 0, (rule.cfa_reg & 8) != 0};
  }
};

}  // namespace prof
