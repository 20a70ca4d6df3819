#include "runtime/v8_inlining.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace prof {
namespace {

constexpr size_t kMostDepth = 32;
// An instruction without a position has that of the one before it, if that is near; else it is anywhere between the one
// before and the one after it. The stubs after the code proper have none at all.
constexpr int64_t kNearBytes = 32;
// InliningPosition: where it was inlined (a SourcePosition), the index of its function among the literals.
constexpr size_t kCallBytes = 16;
// The function of the code itself, which is among no literals.
constexpr int64_t kOwn = -1;
constexpr size_t kMostFunctions = 256;

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

uint32_t V8Place::line() const {
  const auto lines = function->lines.lock();
  if (lines == nullptr || !function->extent) return 0;
  const uint32_t line = lines->line_of(is_known ? first : function->extent->start);
  return line == lines->line_of(is_known ? last : function->extent->end - 1) ? line : 0;
}

void V8Inlining::read_tables(V8InlinedCode& code, V8PositionCoding coding) {
  const auto bytes = heap_.byte_array(code.code.positions);
  if (!bytes || !may_be_code_table(*bytes, coding)) return;
  auto positions = decode_positions(*bytes, coding);
  const auto calls = element(code.code.data, heap_.layout().optimized->calls_index);
  if (!positions || !calls) return;
  code.positions = std::move(*positions);
  code.calls = heap_.byte_array(*calls).value_or(std::vector<std::byte>{});
}

std::vector<V8Place> V8Inlining::places_at(V8InlinedCode& code, uint64_t offset, bool is_call) {
  if (code.functions.size() >= kMostFunctions) code.functions.clear();
  const V8Function* const own = function_of(code, kOwn);
  if (own == nullptr) return {};
  const std::vector<V8Place> outer{{own}};
  const auto around = positions_at(code.positions, static_cast<int64_t>(offset));
  // A call whose position the compiler knew has it beside it.
  if (!around || (around->after && is_call)) return outer;
  std::vector<V8Place> places = chain_of(around->before, code);
  if (around->after && !places.empty()) {
    // What both are in, from the outermost on.
    const std::vector<V8Place> others = chain_of(*around->after, code);
    const auto is_same = [](const V8Place& a, const V8Place& b) { return a.function->shared == b.function->shared; };
    const auto ends = std::mismatch(places.rbegin(), places.rend(), others.rbegin(), others.rend(), is_same);
    auto other = others.rbegin();
    for (auto place = places.rbegin(); place != ends.first; ++place) place->last = (other++)->first;
    places.erase(places.begin(), ends.first.base());
  }
  return places.empty() ? outer : places;
}

std::vector<V8Place> V8Inlining::chain_of(V8Position position, V8InlinedCode& code) {
  std::vector<V8Place> places;
  const auto add = [&](int64_t literal) {
    const V8Function* const function = position.is_of_script() ? function_of(code, literal) : nullptr;
    if (function == nullptr || !function->extent || !function->extent->holds(position.offset())) return false;
    places.push_back({function, true, position.offset(), position.offset()});
    return true;
  };
  for (int64_t call = position.call(); call >= 0; call = position.call()) {
    const size_t at = static_cast<size_t>(call) * kCallBytes;
    if (places.size() == kMostDepth || at + kCallBytes > code.calls.size()) return {};
    int32_t literal = 0;
    std::memcpy(&literal, code.calls.data() + at + sizeof(uint64_t), sizeof literal);
    if (literal < 0 || !add(literal)) return {};
    std::memcpy(&position.source, code.calls.data() + at, sizeof position.source);
  }
  return add(kOwn) ? places : std::vector<V8Place>{};
}

const V8Function* V8Inlining::function_of(V8InlinedCode& code, int64_t literal) {
  const auto known = code.functions.find(literal);
  if (known != code.functions.end() && !known->second.lines.expired()) return &known->second;
  uint64_t shared = code.code.shared;
  if (literal != kOwn) {
    const auto literals = element(code.code.data, heap_.layout().optimized->literals_index);
    // Literals are held weakly, which is a bit of the pointer.
    shared = literals ? element(*literals, literal).value_or(0) & ~uint64_t{2} : 0;
  }
  auto function = functions_.read(shared);
  if (!function) return nullptr;
  return &code.functions.insert_or_assign(literal, std::move(*function)).first->second;
}

std::optional<uint64_t> V8Inlining::element(uint64_t array, int64_t index) {
  const V8Layout::OptimizedCode& layout = *heap_.layout().optimized;
  if (!V8Heap::is_object(array) || index < 0) return std::nullopt;
  const auto length = heap_.word(V8Heap::field(array, layout.array_length));
  if (!length || !V8Heap::is_integer(*length) || index >= V8Heap::integer(*length)) return std::nullopt;
  return heap_.word(V8Heap::field(array, layout.array_first) + static_cast<uint64_t>(index) * sizeof(uint64_t));
}

}  // namespace prof
