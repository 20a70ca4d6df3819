#include "runtime/v8_positions.h"

#include <algorithm>

namespace prof {
namespace {

constexpr size_t kMostEntries = 1 << 16;
// SourcePosition: a flag, the offset in the script + 1 (30 bits), the number of the inlined call + 1 (16 bits).
constexpr unsigned kOffsetShift = 1;
constexpr uint64_t kOffsetMask = (1u << 30) - 1;
constexpr unsigned kCallShift = 31;
constexpr uint64_t kCallMask = 0xffff;
// Flags of a step.
constexpr unsigned kFlagBits = 2;
constexpr uint64_t kFlags = (1 << kFlagBits) - 1;
constexpr uint64_t kExpressionFlags = 2;  // breakable, no statement: all positions of machine code

/// Numbers of seven bits a byte, least significant first.
class Numbers {
 public:
  explicit Numbers(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
  /// Nothing when it does not end within the bytes.
  std::optional<uint64_t> next() {
    uint64_t bits = 0;
    for (unsigned shift = 0; at_ < bytes_.size() && shift < 64; shift += 7) {
      const auto byte = std::to_integer<uint64_t>(bytes_[at_++]);
      bits |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return bits;
    }
    return std::nullopt;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

/// The sign is the lowest bit.
int64_t with_sign(uint64_t bits) { return static_cast<int64_t>((bits >> 1) ^ (~(bits & 1) + 1)); }

/// An expression has its step as −1 − step.
uint64_t step_of(uint64_t written, V8PositionCoding coding) {
  if (coding == V8PositionCoding::flagged_step) return written >> kFlagBits;
  const int64_t step = with_sign(written);
  return static_cast<uint64_t>(step >= 0 ? step : -(step + 1));
}

}  // namespace

uint32_t V8Position::offset() const {
  return static_cast<uint32_t>((source >> kOffsetShift & kOffsetMask) - 1);
}

int64_t V8Position::call() const { return static_cast<int64_t>(source >> kCallShift & kCallMask) - 1; }

std::optional<std::vector<V8Position>> decode_positions(std::span<const std::byte> table, V8PositionCoding coding) {
  std::vector<V8Position> positions;
  V8Position position{-1, 0};
  for (Numbers numbers(table); !numbers.at_end();) {
    const auto step = numbers.next();
    const auto delta = numbers.next();
    if (!step || !delta || positions.size() == kMostEntries) return std::nullopt;
    position.code_offset += static_cast<int64_t>(step_of(*step, coding));
    position.source += static_cast<uint64_t>(with_sign(*delta));
    if (position.code_offset > INT32_MAX || position.code_offset < -1) return std::nullopt;
    positions.push_back(position);
  }
  return positions;
}

// Machine code has positions of expressions alone, which shows in every step.
bool may_be_code_table(std::span<const std::byte> table, V8PositionCoding coding) {
  for (Numbers numbers(table); !numbers.at_end();) {
    const auto step = numbers.next();
    if (!step || !numbers.next()) return false;
    const bool is_expression = coding == V8PositionCoding::signed_step ? (*step & 1) == 1
                                                                       : (*step & kFlags) == kExpressionFlags;
    if (!is_expression) return false;
  }
  return true;
}

// Bytecode ends with a return, a throw or a jump back that has a position: in a table that is read in another way than
// it is written the last step would be at half, or twice, that offset.
bool may_be_of_bytecode(std::span<const V8Position> positions, uint32_t length) {
  if (positions.empty() || positions.front().code_offset != -1) return false;
  const int64_t last = positions.back().code_offset;
  if (last >= length || last * 2 < length) return false;
  const auto is_step_back = [](const V8Position& a, const V8Position& b) { return a.code_offset >= b.code_offset; };
  return std::adjacent_find(positions.begin(), positions.end(), is_step_back) == positions.end();
}

}  // namespace prof
