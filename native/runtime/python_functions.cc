#include "runtime/python_functions.h"

#include <algorithm>
#include <array>
#include <vector>

#include "capture/payload/python_walk.h"
#include "runtime/heap_pieces.h"

namespace prof {
namespace {

using payload::PythonScratch;

// Code that is made and dropped (eval, templates) may go on for hours.
constexpr size_t kMostKnown = 1 << 16;
constexpr uint64_t kMostCharacters = 512;
constexpr uint64_t kMostTableBytes = 1 << 20;
constexpr size_t kMostLines = 1 << 20;  // 8 MiB
constexpr uint64_t kTypeAt = 8;    // in a PyObject
constexpr uint64_t kStateAt = 32;  // in a PyASCIIObject
constexpr uint64_t kBeyondAscii = 16;  // PyCompactUnicodeObject: the length and address of its UTF-8

struct TextState {
  uint32_t bytes = 0;  // of a character
  bool is_ascii = false;
};

/// Bits: interned, kind (3), compact, ascii. Versions differ in how many the first has; a kind of 0 does not exist.
std::optional<TextState> text_state(uint64_t word) {
  for (const uint32_t interned : {2U, 8U, 16U}) {
    const uint64_t bits = word >> interned;
    const auto kind = static_cast<uint32_t>(bits & 7);
    const bool is_compact = (bits >> 3 & 1) != 0;
    const bool is_ascii = (bits >> 4 & 1) != 0;
    if ((kind == 1 || kind == 2 || kind == 4) && is_compact && (!is_ascii || kind == 1)) return TextState{kind, is_ascii};
  }
  return std::nullopt;
}

void append_utf8(std::string& text, uint32_t character) {
  const auto add = [&text](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (character < 0x80) return add(character);
  if (character < 0x800) {
    add(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    add(0xe0 | character >> 12);
    add(0x80 | (character >> 6 & 0x3f));
  } else {
    add(0xf0 | (character >> 18 & 0x07));
    add(0x80 | (character >> 12 & 0x3f));
    add(0x80 | (character >> 6 & 0x3f));
  }
  add(0x80 | (character & 0x3f));
}

std::optional<std::string> whole_text(const uint64_t* words, uint32_t data) {
  const uint64_t length = words[0];
  const auto state = text_state(words[2]);
  if (length > payload::PythonTexts::kBytes || !state || !state->is_ascii) return std::nullopt;
  const auto* const characters = reinterpret_cast<const char*>(words) + (data - payload::kTextLength);
  const std::string text(characters, length);
  const bool is_ascii = std::all_of(text.begin(), text.end(), [](char each) { return each > 0; });
  return is_ascii ? std::optional(text) : std::nullopt;
}

std::optional<PythonFunctions::Known> from_texts(const payload::PythonTexts& texts, uint32_t data) {
  const auto file = whole_text(texts.file, data);
  const auto name = whole_text(texts.name, data);
  if (!file || !name) return std::nullopt;
  PythonFunctions::Known known;
  known.function = {*name, *file, static_cast<uint32_t>(texts.first_line), Runtime::python};
  return known;
}

}  // namespace

const PythonFunctions::Known* PythonFunctions::find(const payload::PythonFrame& frame,
                                                    std::span<const payload::PythonTexts> texts) {
  if (frame.print == 0) return nullptr;
  const uint64_t code = frame.code & payload::kObjectBits;
  const auto found = known_.find(code);
  if (found != known_.end() && found->second.print == frame.print) return &found->second;
  auto known = prove(frame);
  for (size_t i = 0; i < texts.size() && !known; i++) {
    if (texts[i].print == frame.print) known = from_texts(texts[i], of_.text_data);
  }
  if (!known) return nullptr;
  if (known_.size() >= kMostKnown || lines_kept_ + known->lines.size() > kMostLines) {
    known_.clear();
    lines_kept_ = 0;
  }
  known->print = frame.print;
  Known& place = known_[code];
  lines_kept_ += known->lines.size() - place.lines.size();
  place = std::move(*known);
  return &place;
}

/// What has the print of the sample before and after was it in between.
std::optional<PythonFunctions::Known> PythonFunctions::prove(const payload::PythonFrame& frame) {
  auto known = read(frame.code & payload::kObjectBits);
  if (!known) return std::nullopt;
  payload::PythonFrame again{frame.code, 0, 0};
  payload::PythonWalk walk(of_, HeapPieces{&memory_}, scratch_);
  walk.add_prints(&again, 1);
  return again.print == frame.print ? known : std::nullopt;
}

std::optional<uint64_t> PythonFunctions::word(uint64_t address) {
  uint64_t word = 0;
  const auto bytes = std::as_writable_bytes(std::span(&word, 1));
  return memory_.read(address, bytes) == bytes.size() ? std::optional(word) : std::nullopt;
}

std::optional<PythonFunctions::Known> PythonFunctions::read(uint64_t code) {
  const auto type = word(code + kTypeAt);
  const auto file = word(code + of_.code_file);
  const auto name = word(code + of_.code_file + payload::kCodeNameFromFile);
  const auto line = word(code + of_.code_first_line / 8 * 8);
  if (!type || *type != types_.code || !file || !name || !line) return std::nullopt;
  const auto script = read_text(*file);
  const auto qualified = read_text(*name);
  if (!script || !qualified) return std::nullopt;
  Known known;
  // `_Py_InitCleanup`, the frame under an __init__, has its name for a file (Python/specialize.c).
  known.is_internal = *file == *name;
  const auto first_line = static_cast<uint32_t>(*line >> (8 * (of_.code_first_line % 8)));
  known.function = {*qualified, *script, first_line < (1U << 31) ? first_line : 0,
                    Runtime::python};
  known.lines = read_lines(code, known.function.line);
  return known;
}

PythonLines PythonFunctions::read_lines(uint64_t code, uint32_t first_line) {
  const auto table = word(code + of_.code_file + payload::kCodeTableFromFile);
  const auto units = word(code + payload::kObjectSize);
  if (!table || !units || *units > kMostTableBytes) return {};
  const auto type = word(*table + kTypeAt);
  const auto size = word(*table + payload::kObjectSize);
  if (!type || types_.bytes == 0 || *type != types_.bytes || !size || *size > kMostTableBytes) return {};
  std::vector<std::byte> bytes(*size);
  if (memory_.read(*table + payload::kBytesData, bytes) != bytes.size()) return {};
  return PythonLines::decode(bytes, first_line, 2 * *units).value_or(PythonLines());
}

/// 3.11 and 3.12 keep the last instruction begun, or the one before the first; later versions the one being carried
/// out. In callers that is the call.
uint32_t PythonFunctions::line_of(const Known& known, const payload::PythonFrame& frame) const {
  const uint64_t first = (frame.code & payload::kObjectBits) + of_.code_instructions;
  const uint64_t instruction = frame.instruction & payload::kInstructionBits;
  return known.lines.line_at(static_cast<int64_t>(instruction - first));
}

std::optional<std::string> PythonFunctions::read_text(uint64_t address) {
  const auto type = word(address + kTypeAt);
  const auto length = word(address + payload::kTextLength);
  const auto state_word = word(address + kStateAt);
  if (!type || *type != types_.text || !length || !state_word) return std::nullopt;
  const auto state = text_state(*state_word);
  if (!state) return std::nullopt;
  const uint64_t characters = std::min(*length, kMostCharacters);
  std::vector<std::byte> bytes(characters * state->bytes);
  // 3.11 has one more word there: the length in wide characters.
  const uint64_t beyond = of_.text_data + kBeyondAscii + (of_.text_data > 40 ? 8 : 0);
  const uint64_t data = address + (state->is_ascii ? of_.text_data : beyond);
  if (memory_.read(data, bytes) != bytes.size()) return std::nullopt;
  std::string text;
  for (uint64_t i = 0; i < characters; i++) {
    uint32_t character = 0;
    for (uint32_t b = 0; b < state->bytes; b++) {
      character |= std::to_integer<uint32_t>(bytes[i * state->bytes + b]) << (8 * b);
    }
    append_utf8(text, character);
  }
  return text;
}

}  // namespace prof
