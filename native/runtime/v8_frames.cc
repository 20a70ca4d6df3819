#include "runtime/v8_frames.h"

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "base/mix_bits.h"
#include "runtime/v8_bytecodes.h"
#include "runtime/v8_optimized_code.h"

namespace prof {
namespace {

constexpr size_t kMostKnown = 16384;
// A stack of strangers must not hold up the others: what is left unnamed is looked into in a later sample.
constexpr int kMostLooksPerStack = 48;
constexpr uint64_t kStacksUntilRetry = 64;
// With what was remembered, then anew.
constexpr int kTries = 2;
// Samples come some at a time; what was read for the first of them holds for the others.
constexpr uint64_t kProofNs = 1'000'000;
// Objects through which a SharedFunctionInfo holds its bytecode (baseline code, a debugger's copy) do so in their first
// words.
constexpr size_t kHolderWords = 6;
constexpr int32_t kWordBytes = 8;
// Of functions whose lines are wanted; all of them together.
constexpr uint32_t kMostBytecode = 16 << 10;
constexpr size_t kMostKeptBytes = 32 << 20;

}  // namespace

size_t V8Frames::KeyHash::operator()(const Key& key) const {
  return mix_bits(key.code ^ mix_bits(key.function ^ mix_bits(key.bytecode + key.is_leaf)));
}

std::array<V8Frames::Key, 2> V8Frames::keys_of(const RuntimeFrame& frame) const {
  const bool is_leaf = frame.is_leaf;
  // Other modules may have had code at the address before: these have other instances.
  if (has_marker(frame, layout_.frame_wasm)) {
    return {{{frame.address, frame.function, 0, is_leaf}, {frame.address, 0, 0, is_leaf}}};
  }
  if (frame.is_generated) {
    return {{{frame.address, 0, 0, is_leaf}, {frame.address, frame.function, frame.bytecode, is_leaf}}};
  }
  return {{{0, frame.function, frame.bytecode, is_leaf}, {0, frame.function, frame.context, is_leaf}}};
}

V8Frames::Key V8Frames::useless_key(const RuntimeFrame& frame) {
  return {frame.address, frame.function, 0, frame.is_leaf};
}

bool V8Frames::has_marker(const RuntimeFrame& frame, const std::optional<int32_t>& marker) const {
  const bool is_marked = frame.is_generated && frame.has_slots && (frame.context & 1) == 0;
  return is_marked && static_cast<int64_t>(frame.context >> 1) == marker;
}

const RuntimeFunction* V8Frames::marked(const RuntimeFrame& frame) const {
  if (has_marker(frame, layout_.frame_regexp)) return &regexp_;
  if (has_marker(frame, layout_.frame_wasm)) return &any_wasm_;
  return has_marker(frame, layout_.frame_wasm_to_js) ? &wasm_to_js_ : nullptr;
}

bool V8Frames::asks_function(const RuntimeFrame& frame, const Known& known) const {
  // The frame of a leaf may not be there yet, or not any more.
  const bool is_for_code = known.shared != 0 && (!frame.is_leaf || codes_.is_restless(sample_ns_));
  return is_for_code && frame.has_slots && V8Heap::is_object(frame.function);
}

V8Frames::Known* V8Frames::find_known(const RuntimeFrame& frame) {
  for (const Key& key : keys_of(frame)) {
    const auto found = known_.find(key);
    if (found != known_.end()) return &found->second;
  }
  return nullptr;
}

void V8Frames::name(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) {
  stacks_++;
  now_ns_ = monotonic_ns();
  if (now_ns_ - pages_since_ns_ >= kProofNs) forget_pages();
  namings.assign(frames.size(), {});
  if (known_.size() + frames.size() > kMostKnown || kept_bytes_ > kMostKeptBytes) {
    known_.clear();
    codes_.clear();
    kept_bytes_ = 0;
  }
  if (useless_.size() + frames.size() > kMostKnown) useless_.clear();
  uses_.clear();
  proof_.clear();
  stack_lines_.clear();
  stack_lines_.reserve(frames.size());
  for (size_t i = 0; i < frames.size(); i++) {
    Known* const known = find_known(frames[i]);
    if (known == nullptr) continue;
    const bool asks = asks_function(frames[i], *known);
    if (now_ns_ - known->proved_ns < kProofNs && (!asks || frames[i].function == known->function)) {
      namings[i] = naming_of(frames, i, *known);
      continue;
    }
    // Recursion returns to the same place again and again.
    const bool is_again = !asks && !uses_.empty() && uses_.back().known == known;
    uses_.push_back({i, known, is_again ? uses_.back().first_range : proof_.size(), asks});
    if (!is_again) proof_.insert(proof_.end(), known->ranges.begin(), known->ranges.end());
    if (asks) proof_.push_back({V8Heap::field(frames[i].function, layout_.function_shared), 1});
  }
  recheck(frames, namings);
  int looks = kMostLooksPerStack;
  for (size_t i = 0; i < frames.size(); i++) {
    if (!namings[i].functions.empty()) continue;
    const RuntimeFunction* const function = marked(frames[i]);
    const auto useless = useless_.find(useless_key(frames[i]));
    const bool is_useless = useless != useless_.end() && useless->second > stacks_;
    if (function != &regexp_ && looks > 0 && !is_useless) {
      looks--;
      look_into(frames, i, namings[i]);
    }
    if (function != nullptr && namings[i].functions.empty()) {
      namings[i] = {RuntimeNaming::As::function, std::span(function, 1)};
    }
  }
}

void V8Frames::forget_pages() {
  pages_.forget();
  pages_since_ns_ = now_ns_;
}

/// Reads the words behind all known frames of the stack at once.
void V8Frames::recheck(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) {
  size_t count = 0;
  for (const ProofRange& range : proof_) count += range.words;
  words_.resize(count);
  ranges_.clear();
  std::span<uint64_t> rest(words_);
  for (const ProofRange& range : proof_) {
    ranges_.push_back({range.address, rest.first(range.words)});
    rest = rest.subspan(range.words);
  }
  const size_t whole = source_.read_ranges(ranges_);
  for (const Use& use : uses_) {
    const size_t last = use.first_range + use.known->ranges.size();
    if (last + (use.has_function ? 1 : 0) > whole) break;
    const uint64_t* const now = ranges_[use.first_range].words.data();
    if (!std::equal(use.known->words.begin(), use.known->words.end(), now)) continue;
    if (use.has_function && ranges_[last].words.front() != use.known->shared) continue;
    use.known->proved_ns = now_ns_;
    use.known->function = use.has_function ? frames[use.frame].function : 0;
    namings[use.frame] = naming_of(frames, use.frame, *use.known);
  }
}

void V8Frames::look_into(std::span<const RuntimeFrame> frames, size_t at, RuntimeNaming& naming) {
  const RuntimeFrame& frame = frames[at];
  looked_++;
  Known found;
  std::optional<size_t> key;
  for (int tries = kTries; tries > 0; tries--) {
    found = {};
    is_outdated_ = is_too_new_ = false;
    key = resolve(frame, found);
    if (!is_outdated_) break;
    forget_pages();
    codes_.forget(frame.address);
  }
  if (!key) {
    if (!is_too_new_) useless_[useless_key(frame)] = stacks_ + kStacksUntilRetry;
    return;
  }
  named_++;
  // Assigned in place: a naming of this stack may point to its functions.
  Known& known = known_[keys_of(frame)[*key]];
  if (known.functions != found.functions) known.functions = std::move(found.functions);
  if (known.lines != found.lines) known.lines = std::move(found.lines);
  kept_bytes_ += found.bytecode.size() + found.steps.size() * sizeof(V8LineStep) + found.starts.size() * sizeof(uint32_t);
  known.bytecode = std::move(found.bytecode);
  known.starts = std::move(found.starts);
  known.steps = std::move(found.steps);
  known.as = found.as;
  known.shared = found.shared;
  known.function = found.function;
  known.ranges = std::move(found.ranges);
  known.words = std::move(found.words);
  known.proved_ns = now_ns_;
  naming = naming_of(frames, at, known);
}

RuntimeNaming V8Frames::naming_of(std::span<const RuntimeFrame> frames, size_t at, const Known& known) {
  if (known.steps.empty()) return {known.as, known.functions, known.lines};
  stack_lines_.push_back(interpreted_line(frames, at, known));
  return {known.as, known.functions, std::span(stack_lines_).last(1)};
}

uint32_t V8Frames::interpreted_line(std::span<const RuntimeFrame> frames, size_t at, const Known& known) {
  const RuntimeFrame* const callee = at == 0 ? nullptr : &frames[at - 1];
  const auto place = handlers_.place(frames[at], callee, known.bytecode);
  if (!place) return 0;
  const uint32_t line = line_at(known.steps, place->offset);
  if (!place->is_any_of_kind) return line;
  // All that look like it must be on the same line.
  for (const uint32_t other : known.starts) {
    const bool is_alike = known.bytecode[other] == known.bytecode[place->offset];
    if (is_alike && line_at(known.steps, other) != line) return 0;
  }
  return line;
}

std::optional<size_t> V8Frames::resolve(const RuntimeFrame& frame, Known& known) {
  if (frame.is_generated) return resolve_generated(frame, known);
  if (!frame.has_slots || !V8Heap::is_object(frame.context)) return std::nullopt;
  if (resolve_by_bytecode(frame, known)) return 0;
  known = {};
  if (frame.is_leaf && resolve_by_context(frame, known)) return 1;
  return std::nullopt;
}

bool V8Frames::resolve_wasm(const RuntimeFrame& frame, Known& known) {
  const bool has_instance = has_marker(frame, layout_.frame_wasm);
  auto found = has_instance ? wasm_.find(frame.address, frame.function) : std::nullopt;
  // A leaf may have no frame of its own, or not yet.
  if (!found && frame.is_leaf) found = wasm_.find_in_known(frame.address);
  if (!found) return false;
  known.as = RuntimeNaming::As::function;
  known.functions.push_back(std::move(found->function));
  known.lines.push_back(0);
  return std::all_of(found->proof.begin(), found->proof.end(),
                     [&](const ProofRange& range) { return add_proof(range.address, range.words, known); });
}

std::optional<size_t> V8Frames::resolve_generated(const RuntimeFrame& frame, Known& known) {
  if (resolve_wasm(frame, known)) return 0;
  known = {};
  V8Code* const code = codes_.find(frame.address);
  if (code == nullptr || !is_there(*code)) return std::nullopt;
  if (resolve_optimized(*code, frame, known)) return 0;
  known = {};
  if (frame.has_slots && resolve_js_to_wasm(*code, frame, known)) return 1;
  known = {};
  // Baseline code. The leaf's own frame may not be there yet, or not any more; then the slots are its caller's.
  const auto& words = code->words;
  const bool is_its_own = std::find(words.begin(), words.end(), frame.bytecode) != words.end();
  if (!frame.has_slots || !is_its_own || !add_code_proof(*code, known)) return std::nullopt;
  const auto shared = resolve_by_bytecode(frame, known);
  if (!shared) return std::nullopt;
  uint32_t& line = known.lines.back();
  if (line == 0) line = lines_.baseline_line(words, frame.address - code->start, frame.bytecode, *shared);
  return 1;
}

/// Code is read later than the sample, when other code may have taken its place.
bool V8Frames::is_of_another(const RuntimeFrame& frame, const V8Code& code, Known& known) {
  known.shared = code.optimized->code.shared;
  Known apart;
  auto own = frame.has_slots ? shared_of(frame, apart) : std::nullopt;
  if (!own && frame.has_slots) own = shared_of_moved(frame);
  if (own == known.shared) {
    known.function = frame.function;
    return false;
  }
  // The frame of a leaf may be its caller's.
  if (own && !frame.is_leaf) return true;
  is_too_new_ = !codes_.was_there(code, sample_ns_);
  return is_too_new_;
}

// Where the type of an object was, the collector leaves the address of its copy (V8, src/objects/map-word.h).
std::optional<uint64_t> V8Frames::shared_of_moved(const RuntimeFrame& frame) {
  const auto copy = heap_.word(frame.function - 1);
  if (!copy || *copy == 0 || V8Heap::is_object(*copy)) return std::nullopt;
  RuntimeFrame moved = frame;
  moved.function = *copy + 1;
  Known apart;
  return shared_of(moved, apart);
}

// The frame holds the function that was called.
bool V8Frames::resolve_js_to_wasm(const V8Code& code, const RuntimeFrame& frame, Known& known) {
  if (!layout_.wasm || !V8Heap::is_object(frame.context) || !add_code_proof(code, known)) return false;
  const auto shared = shared_of(frame, known);
  const auto slot = shared ? functions_.wasm_export_slot(*shared) : std::nullopt;
  return slot && add_proof(*slot, 1, known) && describe(*shared, RuntimeNaming::As::function, known);
}

bool V8Frames::resolve_optimized(V8Code& code, const RuntimeFrame& frame, Known& known) {
  const bool was_read = code.optimized.has_value();
  if (!read_optimized(code)) return false;
  if (is_of_another(frame, code, known)) {
    // The function may have been moved since.
    is_outdated_ = is_outdated_ || (was_read && !is_too_new_);
    return false;
  }
  for (const V8Place& place : inlining_.places_at(*code.optimized, frame.address - code.start, !frame.is_leaf)) {
    known.functions.push_back(place.function->function);
    known.lines.push_back(place.line());
  }
  known.as = RuntimeNaming::As::function;
  // What a Code object points to does not change while it is the same object, though the collector may move it.
  return !known.functions.empty() && add_code_proof(code, known);
}

bool V8Frames::read_optimized(V8Code& code) {
  if (!code.optimized) {
    const auto read = read_optimized_code(heap_, code.words);
    if (!read) return false;
    code.optimized = V8InlinedCode{*read, {}, {}, {}};
  }
  V8InlinedCode& optimized = *code.optimized;
  const auto coding = optimized.positions.empty() ? lines_.coding(optimized.code.shared) : std::nullopt;
  if (!coding) return true;
  inlining_.read_tables(optimized, *coding);
  kept_bytes_ += optimized.positions.size() * sizeof(V8Position) + optimized.calls.size();
  return true;
}

std::optional<uint64_t> V8Frames::resolve_by_bytecode(const RuntimeFrame& frame, Known& known) {
  if (!heap_.has_type(frame.bytecode, layout_.type_bytecode)) return std::nullopt;
  const auto shared = shared_of(frame, known);
  if (!shared || !holds(*shared, frame.bytecode, known)) return std::nullopt;
  if (!describe(*shared, RuntimeNaming::As::function, known)) return std::nullopt;
  if (!frame.is_generated) add_steps(frame.bytecode, *shared, known);
  return shared;
}

void V8Frames::add_steps(uint64_t bytecode, uint64_t shared, Known& known) {
  // All of it is on one line: nothing more is to be known.
  if (known.lines.back() != 0) return;
  std::vector<std::byte> bytes = lines_.bytes_of(bytecode);
  if (bytes.empty() || bytes.size() > kMostBytecode) return;
  known.steps = lines_.steps(bytecode, shared);
  if (known.steps.empty()) return;
  if (auto starts = bytecode_starts(bytes, layout_.bytecode_sizes)) {
    known.starts = std::move(*starts);
  } else {
    known.starts.resize(bytes.size());
    std::iota(known.starts.begin(), known.starts.end(), 0);
  }
  known.bytecode = std::move(bytes);
}

// A function without bytecode in its frame: optimized, and the leaf is a stub without a frame that it called. Its
// context lies in its frame all the time.
bool V8Frames::resolve_by_context(const RuntimeFrame& frame, Known& known) {
  const auto shared = shared_of(frame, known);
  const auto context = heap_.word(V8Heap::field(frame.function, layout_.function_context));
  if (!shared || context != frame.context) return false;
  return add_proof(V8Heap::field(frame.function, layout_.function_context), 1, known) &&
         describe(*shared, RuntimeNaming::As::calling_it, known);
}

std::optional<uint64_t> V8Frames::shared_of(const RuntimeFrame& frame, Known& known) {
  const auto type = heap_.type(frame.function);
  if (!type || *type < layout_.type_function) return std::nullopt;
  if (layout_.type_last_function && *type > *layout_.type_last_function) return std::nullopt;
  const uint64_t slot = V8Heap::field(frame.function, layout_.function_shared);
  const auto shared = heap_.word(slot);
  if (!shared || !heap_.has_type(*shared, layout_.type_shared)) return std::nullopt;
  const bool is_proved =
      add_proof(frame.function - 1, static_cast<size_t>(layout_.function_shared / kWordBytes) + 1, known);
  return is_proved && known.words.back() == shared ? shared : std::nullopt;
}

bool V8Frames::holds(uint64_t shared, uint64_t bytecode, Known& known) {
  // What a function runs is ahead of its name; one or two words.
  for (int32_t offset = kWordBytes; offset < layout_.shared_name; offset += kWordBytes) {
    const auto word = heap_.word(V8Heap::field(shared, offset));
    if (word == bytecode) return true;
    std::array<uint64_t, kHolderWords> held{};
    if (!word || !V8Heap::is_object(*word) || !heap_.read_words(*word - 1, held)) continue;
    const auto found = std::find(held.begin(), held.end(), bytecode);
    if (found != held.end()) {
      return add_proof(*word - 1 + static_cast<uint64_t>(found - held.begin()) * kWordBytes, 1, known);
    }
  }
  return false;
}

bool V8Frames::describe(uint64_t shared, RuntimeNaming::As as, Known& known) {
  const auto words = static_cast<size_t>(std::max(layout_.shared_name, layout_.shared_script) / kWordBytes) + 1;
  if (!add_proof(shared - 1, words, known)) return false;
  auto function = functions_.describe(shared);
  if (!function) return false;
  known.as = as;
  known.functions.push_back(std::move(*function));
  known.lines.push_back(lines_.only_line(shared));
  return true;
}

// The words as they are now, which must be those that the finding was made by.
bool V8Frames::add_proof(uint64_t address, size_t words, Known& known) {
  const size_t before = known.words.size();
  known.words.resize(before + words);
  known.ranges.push_back({address, words});
  const auto now = std::span(known.words).subspan(before);
  std::vector<uint64_t> found(words);
  const WordRange range{address, now};
  if (!heap_.read_words(address, found) || source_.read_ranges({&range, 1}) != 1) return false;
  is_outdated_ = is_outdated_ || !std::equal(found.begin(), found.end(), now.begin());
  return !is_outdated_;
}

bool V8Frames::is_there(const V8Code& code) {
  uint64_t object = 0;
  std::array<uint64_t, V8Code::kWords> words{};
  const std::array ranges{WordRange{code.slot, std::span(&object, 1)}, WordRange{code.object - 1, words}};
  const bool is_read = source_.read_ranges(ranges) == ranges.size();
  const bool is_same = is_read && object == code.object && words == code.words;
  if (is_read && !is_same) codes_.note_replaced();
  is_outdated_ = is_outdated_ || !is_same;
  return is_same;
}

bool V8Frames::add_code_proof(const V8Code& code, Known& known) {
  known.ranges.insert(known.ranges.end(), {{code.slot, 1}, {code.object - 1, V8Code::kWords}});
  known.words.push_back(code.object);
  known.words.insert(known.words.end(), code.words.begin(), code.words.end());
  return is_there(code);
}

}  // namespace prof
