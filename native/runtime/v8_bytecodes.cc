#include "runtime/v8_bytecodes.h"

#include <array>
#include <string_view>

#include "runtime/elf_symbols.h"
#include "unwind/byte_cursor.h"

namespace prof {
namespace {

constexpr std::string_view kSizes = "_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE";
constexpr size_t kWidths = 3;
constexpr size_t kMostBytecodes = 256;
// V8's list of bytecodes begins with the prefixes that widen the operands of the next one: two times, four times
// (src/interpreter/bytecodes.h).
constexpr size_t kPrefixes = 2;

}  // namespace

std::vector<uint8_t> read_bytecode_sizes(const ByteSource& binary) {
  const auto found = find_elf_symbols(binary, std::array{kSizes});
  if (found.empty() || !found[0]) return {};
  const auto& [va, size] = *found[0];
  if (size % kWidths != 0 || size > kWidths * kMostBytecodes) return {};
  std::vector<uint8_t> sizes(static_cast<size_t>(size));
  return read_elf_bytes(binary, va, std::as_writable_bytes(std::span(sizes))) ? sizes : std::vector<uint8_t>{};
}

std::optional<std::vector<uint32_t>> bytecode_starts(std::span<const std::byte> bytecode,
                                                     std::span<const uint8_t> sizes) {
  const size_t kinds = sizes.size() / kWidths;
  std::vector<uint32_t> starts;
  for (size_t at = 0; at < bytecode.size();) {
    starts.push_back(static_cast<uint32_t>(at));
    size_t width = 0;
    if (std::to_integer<size_t>(bytecode[at]) < kPrefixes) width = std::to_integer<size_t>(bytecode[at++]) + 1;
    if (at == bytecode.size()) return std::nullopt;
    const auto kind = std::to_integer<size_t>(bytecode[at]);
    if (kind >= kinds || sizes[width * kinds + kind] == 0) return std::nullopt;
    at += sizes[width * kinds + kind];
    if (at > bytecode.size()) return std::nullopt;
  }
  return starts.empty() ? std::nullopt : std::optional(std::move(starts));
}

std::optional<size_t> baseline_bytecode(std::span<const std::byte> table, size_t bytecodes, uint64_t code_offset) {
  ByteCursor cursor(table);
  std::optional<size_t> found;
  uint64_t end = cursor.uleb();
  const uint64_t entry_end = end;
  for (size_t i = 0; i < bytecodes; i++) {
    end += cursor.uleb();
    if (!found && code_offset < end) found = i;
  }
  const bool is_whole = !cursor.failed() && cursor.at_end();
  return is_whole && code_offset >= entry_end ? found : std::nullopt;
}

}  // namespace prof
