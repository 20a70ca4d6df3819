#include "runtime/python_lines.h"

#include <algorithm>

namespace prof {
namespace {

constexpr uint32_t kBegins = 0x80;     // first byte of an entry
constexpr uint32_t kUnitBytes = 2;     // of an instruction
constexpr uint32_t kMostGroups = 6;    // of a number: 36 bits
constexpr uint64_t kMostCodeBytes = uint64_t{1} << 31;
// Kinds of an entry; those below are on the line before.
constexpr uint32_t kOneLine = 10;  // 10 – 12: that many lines on
constexpr uint32_t kNoColumns = 13;
constexpr uint32_t kLong = 14;
constexpr uint32_t kNoLine = 15;

/// Numbers of six bits a byte, the lowest first; bit 6: there are more.
std::optional<uint64_t> read_number(std::span<const std::byte> entry) {
  uint64_t number = 0;
  for (uint32_t i = 0; i < kMostGroups && i < entry.size(); i++) {
    const auto byte = std::to_integer<uint32_t>(entry[i]);
    number |= static_cast<uint64_t>(byte & 0x3f) << (6 * i);
    if ((byte & 0x40) == 0) return number;
  }
  return std::nullopt;
}

/// How far the line moves. `entry`: what follows the first byte.
std::optional<int64_t> line_step(uint32_t kind, std::span<const std::byte> entry) {
  if (kind < kOneLine || kind == kNoLine) return 0;
  if (kind < kNoColumns) return kind - kOneLine;
  const auto number = read_number(entry);
  if (!number) return std::nullopt;
  const auto size = static_cast<int64_t>(*number >> 1);
  return (*number & 1) != 0 ? -size : size;
}

}  // namespace

std::optional<PythonLines> PythonLines::decode(std::span<const std::byte> table, uint32_t first_line,
                                               uint64_t code_bytes) {
  static_assert(kLong == kNoColumns + 1);
  if (code_bytes >= kMostCodeBytes) return std::nullopt;
  PythonLines lines;
  lines.first_line_ = first_line;
  int64_t line = first_line;
  uint64_t end = 0;
  for (size_t at = 0; at < table.size();) {
    const auto first = std::to_integer<uint32_t>(table[at]);
    if ((first & kBegins) == 0) return std::nullopt;
    size_t next = at + 1;
    while (next < table.size() && (std::to_integer<uint32_t>(table[next]) & kBegins) == 0) next++;
    const uint32_t kind = first >> 3 & 0xf;
    const auto step = line_step(kind, table.subspan(at + 1, next - at - 1));
    if (!step) return std::nullopt;
    line += *step;
    if (line < 0 || line > INT32_MAX) return std::nullopt;
    end += uint64_t{kUnitBytes} * ((first & 7) + 1);
    lines.add(end, kind == kNoLine ? 0 : static_cast<uint32_t>(line));
    at = next;
  }
  // Of all of the code and of no more: so it belongs to it.
  return end == code_bytes ? std::optional(std::move(lines)) : std::nullopt;
}

void PythonLines::add(uint64_t end, uint32_t line) {
  if (!stretches_.empty() && stretches_.back().line == line) stretches_.back().end = static_cast<uint32_t>(end);
  else stretches_.push_back({static_cast<uint32_t>(end), line});
}

uint32_t PythonLines::line_at(int64_t offset) const {
  if (stretches_.empty()) return 0;
  if (offset < 0) return first_line_;
  const auto found = std::upper_bound(stretches_.begin(), stretches_.end(), static_cast<uint64_t>(offset),
                                      [](uint64_t at, const Stretch& stretch) { return at < stretch.end; });
  return found == stretches_.end() ? 0 : found->line;
}

}  // namespace prof
