#include "runtime/v8_lines.h"

#include <algorithm>
#include <array>

#include "runtime/v8_bytecodes.h"

namespace prof {
namespace {

constexpr int32_t kWordBytes = 8;
constexpr int64_t kMostBytecode = 1 << 20;
// Shorter tables may look right in either coding.
constexpr size_t kLeastToLearn = 4;
// Objects through which a SharedFunctionInfo holds its bytecode do so in their first words.
constexpr size_t kHolderWords = 6;

}  // namespace

std::optional<V8PositionCoding> V8Lines::coding(uint64_t shared) {
  if (coding_) return coding_;
  const uint64_t bytecode = bytecode_of(shared);
  const auto length = length_of(bytecode);
  const auto extent = functions_.extent(shared);
  if (!length || !extent) return std::nullopt;
  std::optional<V8PositionCoding> found;
  for (const std::vector<std::byte>& table : tables_of(bytecode)) {
    for (const auto coding : {V8PositionCoding::signed_step, V8PositionCoding::flagged_step}) {
      const auto positions = decode_positions(table, coding);
      if (!positions || positions->size() < kLeastToLearn || !may_be_of_bytecode(*positions, *length)) continue;
      const bool is_outside = std::any_of(positions->begin(), positions->end(), [&extent](const V8Position& position) {
        return !position.is_of_script() || !extent->holds(position.offset());
      });
      if (is_outside) continue;
      if (found) return std::nullopt;
      found = coding;
    }
  }
  return coding_ = found;
}

std::vector<V8LineStep> V8Lines::steps(uint64_t bytecode, uint64_t shared) {
  const auto coding = this->coding(shared);
  const auto length = length_of(bytecode);
  std::vector<V8LineStep> steps;
  if (!coding || !length) return steps;
  for (const std::vector<std::byte>& table : tables_of(bytecode)) {
    const auto positions = decode_positions(table, *coding);
    if (!positions || !may_be_of_bytecode(*positions, *length)) continue;
    std::vector<uint32_t> offsets;
    for (const V8Position& position : *positions) {
      if (position.is_of_script()) offsets.push_back(position.offset());
    }
    if (offsets.size() != positions->size()) continue;
    const std::vector<uint32_t> lines = functions_.lines(shared, offsets);
    if (lines.empty()) continue;
    if (!steps.empty()) return {};
    for (size_t i = 0; i < lines.size(); i++) {
      const bool is_new = steps.empty() || steps.back().line != lines[i];
      if (is_new) steps.push_back({(*positions)[i].code_offset, lines[i]});
    }
  }
  return steps;
}

uint32_t V8Lines::baseline_line(std::span<const uint64_t> code, uint64_t code_offset, uint64_t bytecode,
                                uint64_t shared) {
  const auto starts = bytecode_starts(bytes_of(bytecode), heap_.layout().bytecode_sizes);
  if (!starts) return 0;
  std::optional<size_t> found;
  for (const uint64_t word : code.subspan(1)) {
    const auto table = heap_.byte_array(word);
    const auto index = table ? baseline_bytecode(*table, starts->size(), code_offset) : std::nullopt;
    if (!index) continue;
    // Two tables that fit: neither is proved.
    if (found) return 0;
    found = index;
  }
  return found ? line_at(steps(bytecode, shared), (*starts)[*found]) : 0;
}

uint32_t V8Lines::only_line(uint64_t shared) {
  const auto extent = functions_.extent(shared);
  if (!extent) return 0;
  const std::vector<uint32_t> lines = functions_.lines(shared, std::array{extent->start, extent->end - 1});
  return lines.size() == 2 && lines[0] == lines[1] ? lines[0] : 0;
}

uint64_t V8Lines::bytecode_of(uint64_t shared) {
  const V8Layout& layout = heap_.layout();
  // What a function runs is ahead of its name.
  for (int32_t offset = kWordBytes; offset < layout.shared_name; offset += kWordBytes) {
    const uint64_t word = heap_.word(V8Heap::field(shared, offset)).value_or(0);
    if (heap_.has_type(word, layout.type_bytecode)) return word;
    std::array<uint64_t, kHolderWords> held{};
    if (!V8Heap::is_object(word) || !heap_.read_words(word - 1, held)) continue;
    for (const uint64_t each : held) {
      if (heap_.has_type(each, layout.type_bytecode)) return each;
    }
  }
  return 0;
}

std::vector<std::byte> V8Lines::bytes_of(uint64_t bytecode) {
  const auto length = length_of(bytecode);
  if (!length) return {};
  std::vector<std::byte> bytes(*length);
  const bool is_read = heap_.read_bytes(V8Heap::field(bytecode, heap_.layout().interpreter->data), bytes);
  return is_read ? bytes : std::vector<std::byte>{};
}

std::optional<uint32_t> V8Lines::length_of(uint64_t bytecode) {
  const auto& interpreter = heap_.layout().interpreter;
  if (!interpreter || bytecode == 0) return std::nullopt;
  const auto length = heap_.word(V8Heap::field(bytecode, interpreter->length));
  if (!length || !V8Heap::is_integer(*length)) return std::nullopt;
  const int64_t bytes = V8Heap::integer(*length);
  return bytes > 0 && bytes <= kMostBytecode ? std::optional(static_cast<uint32_t>(bytes)) : std::nullopt;
}

std::vector<std::vector<std::byte>> V8Lines::tables_of(uint64_t bytecode) {
  std::vector<std::vector<std::byte>> tables;
  for (int32_t offset = kWordBytes; offset + kWordBytes <= heap_.layout().interpreter->data; offset += kWordBytes) {
    auto bytes = heap_.byte_array(heap_.word(V8Heap::field(bytecode, offset)).value_or(0));
    if (bytes && !bytes->empty()) tables.push_back(std::move(*bytes));
  }
  return tables;
}

uint32_t line_at(std::span<const V8LineStep> steps, uint32_t offset) {
  const auto after = std::upper_bound(steps.begin(), steps.end(), int64_t{offset},
                                      [](int64_t at, const V8LineStep& step) { return at < step.offset; });
  return after == steps.begin() ? 0 : (after - 1)->line;
}

}  // namespace prof
