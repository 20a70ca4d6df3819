#include "runtime/v8_inlining.h"

#include <algorithm>
#include <cstring>

namespace prof {
namespace {

constexpr size_t kMostDepth = 32;
// An instruction without a position has that of the one before it, if that is near; else it is anywhere between the one
// before and the one after it. The stubs after the code proper have none at all.
constexpr int64_t kNearBytes = 32;
// InliningPosition: where it was inlined (a SourcePosition), the index of its function among the literals.
constexpr size_t kCallBytes = 16;

struct Positions {
  V8Position before;
  std::optional<V8Position> after;  // when the one before is far away
};

std::optional<Positions> positions_at(std::span<const V8Position> table, int64_t offset) {
  const auto after = std::upper_bound(table.begin(), table.end(), offset, [](int64_t at, const V8Position& position) {
    return at < position.code_offset;
  });
  if (after == table.begin()) return std::nullopt;
  const V8Position& before = *(after - 1);
  if (offset - before.code_offset <= kNearBytes) return Positions{before, std::nullopt};
  return after == table.end() ? std::nullopt : std::optional(Positions{before, *after});
}

}  // namespace

std::vector<V8Place> V8Inlining::places_at(const V8OptimizedCode& code, V8PositionCoding coding, uint64_t offset,
                                           bool is_call) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  const std::vector<V8Place> outer{{code.shared}};
  const auto bytes = heap_.byte_array(code.positions);
  if (!bytes || !may_be_code_table(*bytes, coding)) return outer;
  const auto table = decode_positions(*bytes, coding);
  const auto calls_array = element(code.data, layout.calls_index);
  const auto literals = element(code.data, layout.literals_index);
  if (!table || !calls_array || !literals) return outer;
  const auto around = positions_at(*table, static_cast<int64_t>(offset));
  // A call whose position the compiler knew has it beside it.
  if (!around || (around->after && is_call)) return outer;
  const std::vector<std::byte> calls = heap_.byte_array(*calls_array).value_or(std::vector<std::byte>{});
  std::vector<V8Place> places = chain_of(around->before, calls, *literals, code.shared);
  if (around->after && !places.empty()) {
    // What both are in, from the outermost on.
    const std::vector<V8Place> others = chain_of(*around->after, calls, *literals, code.shared);
    const auto is_same = [](const V8Place& a, const V8Place& b) { return a.shared == b.shared; };
    const auto ends = std::mismatch(places.rbegin(), places.rend(), others.rbegin(), others.rend(), is_same);
    auto other = others.rbegin();
    for (auto place = places.rbegin(); place != ends.first; ++place) place->last = (other++)->first;
    places.erase(places.begin(), ends.first.base());
  }
  return places.empty() ? outer : places;
}

std::vector<V8Place> V8Inlining::chain_of(V8Position position, std::span<const std::byte> calls, uint64_t literals,
                                          uint64_t outer) {
  std::vector<V8Place> places;
  const auto add = [&](uint64_t shared) {
    if (!is_within(position, shared)) return false;
    places.push_back({shared, true, position.offset(), position.offset()});
    return true;
  };
  for (int64_t call = position.call(); call >= 0; call = position.call()) {
    const size_t at = static_cast<size_t>(call) * kCallBytes;
    if (places.size() == kMostDepth || at + kCallBytes > calls.size()) return {};
    int32_t literal = 0;
    std::memcpy(&literal, calls.data() + at + sizeof(uint64_t), sizeof literal);
    const auto shared = element(literals, literal);
    // Literals are held weakly, which is a bit of the pointer.
    const uint64_t strong = shared.value_or(0) & ~uint64_t{2};
    if (!heap_.has_type(strong, heap_.layout().type_shared) || !add(strong)) return {};
    std::memcpy(&position.source, calls.data() + at, sizeof position.source);
  }
  return add(outer) ? places : std::vector<V8Place>{};
}

std::optional<uint64_t> V8Inlining::element(uint64_t array, int64_t index) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  if (!V8Heap::is_object(array) || index < 0) return std::nullopt;
  const auto length = heap_.word(V8Heap::field(array, layout.array_length));
  if (!length || !V8Heap::is_integer(*length) || index >= V8Heap::integer(*length)) return std::nullopt;
  return heap_.word(V8Heap::field(array, layout.array_first) + static_cast<uint64_t>(index) * sizeof(uint64_t));
}

bool V8Inlining::is_within(const V8Position& position, uint64_t shared) {
  if (!position.is_of_script()) return false;
  const auto extent = functions_.extent(shared);
  return extent && position.offset() >= extent->start && position.offset() <= extent->end;
}

}  // namespace prof
