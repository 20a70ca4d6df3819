#include "runtime/v8_functions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace prof {
namespace {

constexpr int32_t kWordBytes = 8;
constexpr int64_t kMostLocals = 1 << 16;
// After the locals: at most a class variable, the function's variable (name, index), an inferred name, its position
// (start, end), and then the scope outside.
constexpr size_t kTrailingWords = 8;

std::optional<V8Extent> extent_of(uint64_t start, uint64_t end) {
  const bool is_extent = V8Heap::is_integer(start) && V8Heap::is_integer(end) && V8Heap::integer(start) >= 0 &&
                         V8Heap::integer(start) < V8Heap::integer(end);
  if (!is_extent) return std::nullopt;
  return V8Extent{static_cast<uint32_t>(V8Heap::integer(start)),
                             static_cast<uint32_t>(V8Heap::integer(end))};
}

}  // namespace

std::optional<RuntimeFunction> V8Functions::describe(uint64_t shared) {
  const V8Layout& layout = heap_.layout();
  if (!heap_.has_type(shared, layout.type_shared)) return std::nullopt;
  if (wasm_export_slot(shared)) return RuntimeFunction{"(JavaScript to WebAssembly)", "", 0};
  const auto name = heap_.word(V8Heap::field(shared, layout.shared_name));
  const auto script = heap_.word(V8Heap::field(shared, layout.shared_script));
  if (!name || !script || !heap_.has_type(*script, layout.type_script)) return std::nullopt;
  RuntimeFunction function;
  const auto script_name = scripts_.name(*script);
  if (!script_name) return std::nullopt;
  function.script = *script_name;
  if (heap_.has_type(*name, layout.type_scope)) {
    const auto scope = read_scope(*name);
    if (!scope) return std::nullopt;
    function.name = scope->name;
    if (scope->extent) function.line = scripts_.line_of_function(*script, scope->extent->start);
  } else if (V8Heap::is_object(*name)) {
    const auto text = heap_.string(*name);
    if (!text) return std::nullopt;
    function.name = *text;
  } else if (*name != 0) {
    return std::nullopt;
  }
  return function;
}

std::optional<V8Function> V8Functions::read(uint64_t shared) {
  auto function = describe(shared);
  if (!function) return std::nullopt;
  V8Function found{shared, std::move(*function), extent(shared), {}};
  const auto script = heap_.word(V8Heap::field(shared, heap_.layout().shared_script));
  if (script && heap_.has_type(*script, heap_.layout().type_script)) found.lines = scripts_.lines_of(*script);
  return found;
}

// What a function is made of is ahead of its name; one or two words.
std::optional<uint64_t> V8Functions::wasm_export_slot(uint64_t shared) {
  const V8Layout& layout = heap_.layout();
  for (int32_t offset = kWordBytes; layout.wasm && offset < layout.shared_name; offset += kWordBytes) {
    const uint64_t slot = V8Heap::field(shared, offset);
    const auto word = heap_.word(slot);
    if (word && heap_.has_type(*word, layout.wasm->type_exported)) return slot;
  }
  return std::nullopt;
}

// A ScopeInfo has optional parts, whose flags are not exported: the parts are told by what they are.
std::optional<V8Functions::Scope> V8Functions::read_scope(uint64_t scope) {
  const V8Layout& layout = heap_.layout();
  const auto slot = [scope](int64_t index) {
    return V8Heap::field(scope, static_cast<int32_t>(kWordBytes * (1 + index)));
  };
  const auto locals = heap_.word(slot(layout.scope_local_count));
  if (!locals || !V8Heap::is_integer(*locals)) return std::nullopt;
  const int64_t count = V8Heap::integer(*locals);
  if (count < 0 || count > kMostLocals) return std::nullopt;
  // The names of many locals are in a hash table, which takes one word.
  const bool has_table = count > 0 && !heap_.is_string(heap_.word(slot(layout.scope_first_local)).value_or(0));
  const int64_t names = has_table ? 1 : count;
  std::array<uint64_t, kTrailingWords> words{};
  if (!heap_.read_words(slot(layout.scope_first_local + names + count), words)) return std::nullopt;

  Scope found;
  size_t end = 0;
  bool may_be_name = true;  // names come before the position, which is two integers
  for (; end < words.size() && !heap_.has_type(words[end], layout.type_scope); end++) {
    if (!V8Heap::is_object(words[end])) {
      may_be_name = may_be_name && (end == 0 || V8Heap::is_object(words[end - 1]));
      continue;
    }
    if (!heap_.type(words[end])) break;
    if (!may_be_name || !found.name.empty() || !heap_.is_string(words[end])) continue;
    const auto name = heap_.string(words[end]);
    if (!name) return std::nullopt;
    found.name = *name;
  }
  // Newer versions have the position ahead of the locals.
  std::array<uint64_t, 2> ahead{};
  if (layout.scope_first_local - layout.scope_local_count == 3) {
    if (!heap_.read_words(slot(layout.scope_local_count + 1), ahead)) return std::nullopt;
    found.extent = extent_of(ahead[0], ahead[1]);
    return found;
  }
  for (size_t i = end; i-- > 1 && !found.extent;) found.extent = extent_of(words[i - 1], words[i]);
  return found;
}

std::optional<V8Extent> V8Functions::extent(uint64_t shared) {
  const auto scope = heap_.word(V8Heap::field(shared, heap_.layout().shared_name));
  if (!scope || !heap_.has_type(*scope, heap_.layout().type_scope)) return std::nullopt;
  const auto read = read_scope(*scope);
  return read ? read->extent : std::nullopt;
}

std::vector<uint32_t> V8Functions::lines(uint64_t shared, std::span<const uint32_t> positions) {
  const auto within = extent(shared);
  const auto script = heap_.word(V8Heap::field(shared, heap_.layout().shared_script));
  if (!within || !script || !heap_.has_type(*script, heap_.layout().type_script)) return {};
  const bool are_within =
      std::all_of(positions.begin(), positions.end(), [&within](uint32_t position) { return within->holds(position); });
  return are_within ? scripts_.lines(*script, positions) : std::vector<uint32_t>{};
}

}  // namespace prof
