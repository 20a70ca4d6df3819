#include "runtime/python_layout.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "runtime/elf_symbols.h"
#include "unwind/function_parts.h"
#include "unwind/module_image.h"

namespace prof {
namespace {

using payload::PythonScratch;
using payload::PythonTarget;

constexpr std::array<std::string_view, 7> kSymbols = {"_PyRuntime",     "_PyEval_EvalFrameDefault", "PyCode_Type",
                                                      "PyUnicode_Type", "Py_Version",
                                                      "_PyEval_EvalFrameDefault.cold", "PyBytes_Type"};
constexpr std::array<std::string_view, 1> kSymbolsBefore37 = {"PyEval_EvalFrameEx"};
constexpr uint64_t kCookie = 0x79'70'67'75'62'65'64'78;  // "xdebugpy"
constexpr uint32_t kNoMarker = 256;                      // more than a byte holds
constexpr uint32_t kEntryMarker = 3;  // FRAME_OWNED_BY_CSTACK, from 3.14 on FRAME_OWNED_BY_INTERPRETER

constexpr uint32_t minor_of(uint32_t version) { return version >> 16 & 0xff; }

/// Releases of one minor version have one layout (sizes and offsets of Include/internal, x86-64).
PythonTarget target_of_311() {
  PythonTarget of{};
  of.interpreters_head = 40;
  of.interpreter_next = 0;
  of.interpreter_threads = 16;
  of.thread_previous = 0;
  of.thread_next = 8;
  of.thread_interpreter = 16;
  of.thread_native_id = 160;
  of.thread_frame = 56;
  of.holder_frame = 8;
  of.has_holder = 1;
  of.frame_code = 32;
  of.frame_previous = 48;
  of.frame_instruction = 56;
  of.frame_mark = 68;
  of.first_marker = kNoMarker;
  of.code_first_line = 72;
  of.code_file = 112;
  of.code_instructions = 184;
  of.text_data = 48;
  return of;
}

PythonTarget target_of_312() {
  PythonTarget of = target_of_311();
  of.interpreter_threads = 72;
  of.thread_native_id = 144;
  of.holder_frame = 0;
  of.frame_code = 0;
  of.frame_previous = 8;
  of.frame_mark = 70;
  of.first_marker = kEntryMarker;
  of.code_first_line = 68;
  of.code_instructions = 192;
  of.text_data = 40;
  return of;
}

/// The table of 3.13 and later: words by section, each of which begins with the size of its structure. Later versions
/// have more words in a section, so sections are found by what their first words must be.
class DebugOffsets {
 public:
  static constexpr size_t kWords = 112;

  explicit DebugOffsets(std::span<const uint64_t, kWords> words) : words_(words) {}

  [[nodiscard]] bool is_there() const { return words_[0] == kCookie; }
  [[nodiscard]] uint32_t version() const { return static_cast<uint32_t>(words_[1]); }
  [[nodiscard]] bool is_free_threaded() const { return words_[2] != 0; }

  /// Nothing when the table is not as it must be.
  [[nodiscard]] std::optional<PythonTarget> target() const {
    // size, previous, next, interpreter, frame, thread_id, native_thread_id …
    const size_t thread = find(kInterpreter, [](const uint64_t* at) { return at[1] == 0 && at[2] == 8 && at[3] == 16; });
    // size, previous, executable, instruction, locals, owner …
    const size_t frame = find(thread + 7, [](const uint64_t* at) { return at[1] == 8 && at[2] == 0 && at[3] == 56; });
    // size, file, name, qualified name, location table, first line, arguments, names, kinds, instructions …
    const size_t code = find(frame + 6, [](const uint64_t* at) {
      return at[2] == at[1] + 8 && at[3] == at[1] + 16 && at[4] == at[1] + 24;
    });
    if (thread == 0 || frame == 0 || code == 0) return std::nullopt;
    PythonTarget of = target_of_312();
    of.interpreters_head = word(5);
    of.interpreter_next = word(kInterpreter + 2);
    of.interpreter_threads = word(kInterpreter + 3);
    of.thread_frame = word(thread + 4);
    of.thread_native_id = word(thread + 6);
    of.has_holder = 0;
    of.frame_previous = word(frame + 1);
    of.frame_code = word(frame + 2);
    of.frame_instruction = word(frame + 3);
    of.frame_mark = word(frame + 5);
    of.code_file = word(code + 1);
    of.code_first_line = word(code + 5);
    of.code_instructions = word(code + 9);
    return of;
  }

 private:
  static constexpr size_t kInterpreter = 6;
  static constexpr uint64_t kMostSize = 1 << 16;

  [[nodiscard]] uint32_t word(size_t index) const { return static_cast<uint32_t>(words_[index]); }

  template <class Is>
  [[nodiscard]] size_t find(size_t from, Is is) const {
    for (size_t i = from; from != 0 && i + 10 < kWords; i++) {
      if (words_[i] > 0 && words_[i] < kMostSize && is(&words_[i])) return i;
    }
    return 0;
  }

  std::span<const uint64_t, kWords> words_;
};

/// What the walk and its scratch take for granted.
bool fits(const PythonTarget& of) {
  const uint32_t from = of.code_first_line / 8 * 8;
  const uint32_t to = of.code_file + payload::kCodeTableFromFile + 8;
  const auto in_thread = [](uint32_t offset) { return offset % 8 == 0 && offset < PythonScratch::kThreadBytes; };
  const auto in_frame = [](uint32_t offset) { return offset % 8 == 0 && offset < PythonScratch::kFrameBytes; };
  return of.code_file > of.code_first_line && of.code_file % 8 == 0 && to - from <= PythonScratch::kCodeWords * 8 &&
         in_thread(of.thread_frame) && in_thread(of.thread_native_id) && in_frame(of.frame_code) &&
         in_frame(of.frame_previous) && in_frame(of.frame_instruction) && of.frame_mark < PythonScratch::kFrameBytes &&
         of.text_data - payload::kTextLength + payload::PythonTexts::kBytes <= payload::PythonTexts::kWords * 8;
}

std::optional<uint64_t> word_at(HeapSource& memory, uint64_t address) {
  uint64_t word = 0;
  const auto bytes = std::as_writable_bytes(std::span(&word, 1));
  return memory.read(address, bytes) == bytes.size() ? std::optional(word) : std::nullopt;
}

std::variant<PythonTarget, PythonUnreadable> published_target(uint32_t version, uint64_t runtime, HeapSource& memory) {
  std::array<uint64_t, DebugOffsets::kWords> words{};
  const auto bytes = std::as_writable_bytes(std::span(words));
  if (memory.read(runtime, bytes) != bytes.size()) return PythonUnreadable::not_yet;
  const DebugOffsets offsets(words);
  if (!offsets.is_there() || minor_of(offsets.version()) != minor_of(version)) return PythonUnreadable::wrong_offsets;
  if (offsets.is_free_threaded()) return PythonUnreadable::free_threaded;
  const auto target = offsets.target();
  if (!target) return PythonUnreadable::wrong_offsets;
  return *target;
}

std::optional<PythonUnreadable> check_once(const PythonTarget& of, HeapSource& memory) {
  const auto interpreter = word_at(memory, of.runtime + of.interpreters_head);
  const auto main = word_at(memory, of.runtime + of.interpreters_head + 8);
  if (!interpreter || !main || *interpreter == 0 || *main == 0) return PythonUnreadable::not_yet;
  const auto thread = word_at(memory, *interpreter + of.interpreter_threads);
  if (!thread) return PythonUnreadable::wrong_offsets;
  if (*thread == 0) return PythonUnreadable::not_yet;
  const auto owner = word_at(memory, *thread + of.thread_interpreter);
  const auto previous = word_at(memory, *thread + of.thread_previous);
  const auto id = word_at(memory, *thread + of.thread_native_id);
  if (!owner || !previous || !id) return PythonUnreadable::wrong_offsets;
  if (*owner == 0 || *id == 0) return PythonUnreadable::not_yet;
  const bool agrees = *owner == *interpreter && *previous == 0 && *id < (1U << 31);
  return agrees ? std::nullopt : std::optional(PythonUnreadable::wrong_offsets);
}

/// The process must agree: the newest interpreter's first thread says that it is of that interpreter. The first thread
/// is the youngest, and may have come or gone between two reads.
std::optional<PythonUnreadable> check(const PythonTarget& of, HeapSource& memory) {
  constexpr int kAttempts = 16;
  std::optional<PythonUnreadable> why;
  for (int i = 0; i < kAttempts; i++) {
    why = check_once(of, memory);
    if (!why) return std::nullopt;
  }
  return why;
}

/// With profiles of its own (PGO), gcc puts all of the loop but its beginning into a part whose symbol is stripped.
std::vector<CodeStretch> parts_of_loop(const ByteSource& file, const std::optional<ElfSymbol>& loop,
                                       const std::optional<ElfSymbol>& unlikely) {
  if (!loop) return {};
  std::vector<CodeStretch> parts;
  if (const auto image = read_module_image(file)) parts = find_function_parts(*image, file, loop->va);
  for (const auto& symbol : {loop, unlikely}) {
    if (symbol) parts.push_back({symbol->va, symbol->va + symbol->size});
  }
  return parts;
}

}  // namespace

std::string PythonBinary::version_text() const {
  if (version == 0) return {};
  return std::to_string(version >> 24) + "." + std::to_string(minor_of(version)) + "." +
         std::to_string(version >> 8 & 0xff);
}

bool PythonBinary::is_eval(uint64_t va) const {
  return std::any_of(eval.begin(), eval.end(), [va](const CodeStretch& part) { return part.holds(va); });
}

std::optional<PythonBinary> read_python_binary(const ByteSource& file) {
  const auto found = find_elf_symbols(file, kSymbols);
  PythonBinary binary;
  if (found.empty()) return find_elf_symbols(file, kSymbolsBefore37).empty() ? std::nullopt : std::optional(binary);
  const auto va = [&found](size_t index) { return found[index] ? found[index]->va : 0; };
  binary.runtime = va(0);
  binary.eval = parts_of_loop(file, found[1], found[5]);
  binary.types = {va(2), va(3), va(6)};
  if (va(4) != 0) binary.version = static_cast<uint32_t>(read_elf_word(file, va(4)).value_or(0));
  return binary;
}

std::variant<PythonTarget, PythonUnreadable> make_python_target(const PythonBinary& binary, uint64_t bias,
                                                                HeapSource& memory) {
  const bool is_three = binary.version >> 24 == 3;
  const uint32_t minor = is_three ? minor_of(binary.version) : 0;
  if (minor < 11 || minor > 14) return PythonUnreadable::unknown_version;
  if (binary.types.code == 0 || binary.types.text == 0 || binary.eval.empty()) return PythonUnreadable::no_symbols;
  PythonTarget target{};
  const uint64_t runtime = binary.runtime + bias;
  if (minor == 11) target = target_of_311();
  if (minor == 12) target = target_of_312();
  if (minor >= 13) {
    const auto published = published_target(binary.version, runtime, memory);
    if (const auto* const why = std::get_if<PythonUnreadable>(&published)) return *why;
    target = std::get<PythonTarget>(published);
  }
  target.runtime = runtime;
  if (!fits(target)) return PythonUnreadable::wrong_offsets;
  if (const auto why = check(target, memory)) return *why;
  return target;
}

}  // namespace prof
