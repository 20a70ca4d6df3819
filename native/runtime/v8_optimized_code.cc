#include "runtime/v8_optimized_code.h"

#include <algorithm>

namespace prof {
namespace {

constexpr int32_t kWordBytes = 8;

bool is_one_of(const V8Layout::Types& types, std::optional<uint16_t> type) {
  return type && std::find(types.begin(), types.end(), *type) != types.end();
}

/// The function that such an array is of. Newer versions hold it in a wrapper.
std::optional<uint64_t> shared_in(V8Heap& heap, uint64_t data) {
  const V8Layout::OptimizedCode& layout = *heap.layout().optimized;
  const auto length = heap.word(V8Heap::field(data, layout.array_length));
  if (!length || !V8Heap::is_integer(*length) || V8Heap::integer(*length) <= layout.shared_index) return std::nullopt;
  auto shared = heap.word(V8Heap::field(data, layout.array_first + kWordBytes * layout.shared_index));
  if (shared && layout.wrapper && heap.has_type(*shared, layout.wrapper->type)) {
    shared = heap.word(V8Heap::field(*shared, layout.wrapper->shared));
  }
  return shared && heap.has_type(*shared, heap.layout().type_shared) ? shared : std::nullopt;
}

/// The table of source positions: the word that the version says, else the only array of bytes (where there are several,
/// one is that of relocations).
uint64_t positions_in(V8Heap& heap, std::span<const uint64_t> words) {
  if (const auto offset = heap.layout().code_positions) {
    const auto index = static_cast<size_t>(*offset / kWordBytes);
    return index < words.size() && heap.is_byte_array(words[index]) ? words[index] : 0;
  }
  uint64_t found = 0;
  for (const uint64_t word : words.subspan(1)) {
    if (!heap.is_byte_array(word)) continue;
    if (found != 0) return 0;
    found = word;
  }
  return found;
}

}  // namespace

std::optional<V8OptimizedCode> read_optimized_code(V8Heap& heap, std::span<const uint64_t> words) {
  if (!heap.layout().optimized) return std::nullopt;
  const V8Layout::OptimizedCode& layout = *heap.layout().optimized;
  for (const uint64_t word : words.subspan(1)) {
    if (!V8Heap::is_object(word) || !is_one_of(layout.array_types, heap.type(word))) continue;
    const auto shared = shared_in(heap, word);
    if (!shared) return std::nullopt;
    return V8OptimizedCode{*shared, word, positions_in(heap, words)};
  }
  return std::nullopt;
}

}  // namespace prof
