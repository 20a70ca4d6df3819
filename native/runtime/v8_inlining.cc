#include "runtime/v8_inlining.h"

#include <cstring>
#include <span>

namespace prof {
namespace {

constexpr int64_t kMostTableBytes = 1 << 20;
constexpr size_t kMostDepth = 32;
// An instruction without a position has that of the one before it; the stubs after the code proper have none at all.
constexpr uint64_t kMostBytesAfterLast = 32;
// SourcePosition: a flag, the offset in the script + 1 (30 bits), the number of the inlined call + 1 (16 bits).
constexpr unsigned kOffsetShift = 1;
constexpr uint64_t kOffsetMask = (1u << 30) - 1;
constexpr unsigned kCallShift = 31;
constexpr uint64_t kCallMask = 0xffff;
// InliningPosition: where it was inlined (a SourcePosition), the index of its function among the literals.
constexpr size_t kCallBytes = 16;

int64_t call_of(uint64_t position) { return static_cast<int64_t>(position >> kCallShift & kCallMask) - 1; }

/// Numbers of seven bits a byte, the sign in the lowest bit. At the end: 0.
class Deltas {
 public:
  explicit Deltas(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
  int64_t next() {
    uint64_t bits = 0;
    for (unsigned shift = 0; at_ < bytes_.size() && shift < 64; shift += 7) {
      const auto byte = std::to_integer<uint64_t>(bytes_[at_++]);
      bits |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return static_cast<int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

/// The position of the last entry at or before an offset. An entry of an expression has its code offset as −1 − delta.
std::optional<uint64_t> position_at(std::span<const std::byte> table, uint64_t offset) {
  std::optional<uint64_t> found;
  uint64_t found_offset = 0;
  uint64_t code_offset = 0;
  uint64_t position = 0;
  for (Deltas deltas(table); !deltas.at_end();) {
    const int64_t delta = deltas.next();
    code_offset += static_cast<uint64_t>(delta >= 0 ? delta : -(delta + 1));
    position += static_cast<uint64_t>(deltas.next());
    if (code_offset > offset) return found;
    found = position;
    found_offset = code_offset;
  }
  return offset - found_offset <= kMostBytesAfterLast ? found : std::nullopt;
}

}  // namespace

std::vector<uint64_t> V8Inlining::inlined_at(uint64_t table, uint64_t data, uint64_t offset, uint64_t outer) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  const auto calls_array = element(data, layout.calls_index);
  const auto literals = element(data, layout.literals_index);
  auto position = position_at(read_bytes(table), offset);
  if (!calls_array || !literals || !position) return {};
  const std::vector<std::byte> calls = read_bytes(*calls_array);
  std::vector<uint64_t> inlined;
  for (int64_t call = call_of(*position); call >= 0; call = call_of(*position)) {
    const size_t at = static_cast<size_t>(call) * kCallBytes;
    if (inlined.size() == kMostDepth || at + kCallBytes > calls.size()) return {};
    int32_t literal = 0;
    std::memcpy(&literal, calls.data() + at + sizeof(uint64_t), sizeof literal);
    const auto shared = element(*literals, literal);
    // Literals are held weakly, which is a bit of the pointer.
    const uint64_t strong = shared.value_or(0) & ~uint64_t{2};
    if (!heap_.has_type(strong, heap_.layout().type_shared) || !is_within(*position, strong)) return {};
    inlined.push_back(strong);
    std::memcpy(&*position, calls.data() + at, sizeof(uint64_t));
  }
  return is_within(*position, outer) ? inlined : std::vector<uint64_t>{};
}

std::vector<std::byte> V8Inlining::read_bytes(uint64_t array) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  if (!V8Heap::is_object(array)) return {};
  const auto length = heap_.word(V8Heap::field(array, layout.array_length));
  if (!length || !V8Heap::is_integer(*length)) return {};
  const int64_t count = V8Heap::integer(*length);
  if (count < 0 || count > kMostTableBytes) return {};
  std::vector<std::byte> bytes(static_cast<size_t>(count));
  if (!heap_.read_bytes(V8Heap::field(array, layout.array_first), bytes)) return {};
  return bytes;
}

std::optional<uint64_t> V8Inlining::element(uint64_t array, int64_t index) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  if (!V8Heap::is_object(array) || index < 0) return std::nullopt;
  const auto length = heap_.word(V8Heap::field(array, layout.array_length));
  if (!length || !V8Heap::is_integer(*length) || index >= V8Heap::integer(*length)) return std::nullopt;
  return heap_.word(V8Heap::field(array, layout.array_first) + static_cast<uint64_t>(index) * sizeof(uint64_t));
}

bool V8Inlining::is_within(uint64_t position, uint64_t shared) {
  const auto extent = functions_.extent(shared);
  const uint64_t offset = (position >> kOffsetShift & kOffsetMask) - 1;
  return extent && offset >= extent->start && offset <= extent->end;
}

}  // namespace prof
