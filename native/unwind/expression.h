// Evaluates the DWARF expressions that call-frame data uses for a CFA (DWARF 5, 2.5): no branches, no calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "unwind/registers.h"
#include "unwind/stack_copy.h"

namespace prof {

enum class EvalResult : uint8_t { ok, unsupported, outside_copy };

/// `known` has a bit per DWARF register whose value is real in this frame. The result is the top of the
/// evaluation stack (16 entries). `unsupported`: an unknown operation or register, or a damaged expression.
[[nodiscard]] EvalResult evaluate(std::span<const std::byte> expression, const Registers& registers,
                                  uint32_t known, const StackCopy& stack, uint64_t& out);

}  // namespace prof
