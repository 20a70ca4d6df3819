#include "runtime/hotspot_flow.h"

#include <algorithm>
#include <vector>

#include "unwind/instruction.h"

namespace prof {
namespace {

constexpr int kMostInstructions = 2048;
constexpr uint16_t kReturn = 0xc3;

/// Jumps out of line and through a register lead elsewhere.
bool leads_away(const Instruction& at) {
  const bool is_indirect = at.opcode == 0xff && (at.reg() & 7) >= 4 && (at.reg() & 7) <= 5;
  return at.opcode == kReturn || is_indirect;
}

}  // namespace

std::optional<int32_t> next_described(std::span<const std::byte> code, int32_t from,
                                      std::span<const int32_t> described) {
  std::vector<int64_t> taken;
  int64_t at = from;
  for (int i = 0; i < kMostInstructions; i++) {
    if (at < 0 || at >= static_cast<int64_t>(code.size())) return std::nullopt;
    const auto offset = static_cast<int32_t>(at);
    if (std::binary_search(described.begin(), described.end(), offset)) return offset;
    const auto instruction = decode_instruction(code.subspan(static_cast<size_t>(at)));
    if (!instruction || leads_away(*instruction)) return std::nullopt;
    const int64_t next = at + static_cast<int64_t>(instruction->bytes);
    const int64_t target = next + instruction->immediate;
    // A loop is gone through again far more often than it is left.
    const bool is_loop = is_conditional_jump(*instruction) && target <= at && target >= 0;
    const bool is_taken = is_direct_jump(*instruction) ||
                          (is_loop && std::find(taken.begin(), taken.end(), at) == taken.end());
    if (is_taken) taken.push_back(at);
    at = is_taken ? target : next;
  }
  return std::nullopt;
}

}  // namespace prof
