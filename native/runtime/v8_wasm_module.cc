#include "runtime/v8_wasm_module.h"

#include <algorithm>

namespace prof {
namespace {

constexpr size_t kModuleWords = 128;
constexpr size_t kEndBytes = 4096;
// Enough to tell fields apart by.
constexpr size_t kMostSamples = 64;
constexpr size_t kTableChunk = 4096;
constexpr int kMostDepth = 64;
constexpr size_t kMostNewCode = 4096;
// The first half of a WasmCode that is no address of what was known before.
constexpr size_t kFirstHalf = 4;
constexpr int32_t kNoFunction = -1;  // WasmCode::kAnonymousFuncIndex: jump tables
constexpr uint64_t kLeastAddress = 1 << 16;
constexpr uint64_t kMostAddress = uint64_t{1} << 47;

bool may_be_pointer(uint64_t word) { return word % 8 == 0 && word >= kLeastAddress && word < kMostAddress; }

size_t read_words(HeapSource& memory, uint64_t address, std::span<uint64_t> words) {
  return memory.read(address, std::as_writable_bytes(words)) / sizeof(uint64_t);
}

/// The first and the last bytes of the binary: other modules have others, whatever their length.
std::vector<std::byte> read_ends(HeapSource& memory, uint64_t first, uint64_t length) {
  const auto part = static_cast<size_t>(std::min<uint64_t>(length, kEndBytes));
  std::vector<std::byte> ends(2 * part);
  const auto bytes = std::span(ends);
  const bool is_whole = memory.read(first, bytes.first(part)) == part &&
                        memory.read(first + length - part, bytes.last(part)) == part;
  return is_whole ? ends : std::vector<std::byte>();
}

/// The place of a WasmCode's halves for which most speaks: nothing when as much speaks for another one, or nothing does.
template <class Rate>
std::optional<size_t> best_half(Rate rate) {
  std::optional<size_t> found;
  size_t most = 0;
  for (size_t place = kFirstHalf; place < 2 * V8WasmModule::kCodeWords; place++) {
    const size_t rating = rate(place);
    if (rating == 0 || rating < most) continue;
    found = rating > most ? std::optional(place) : std::nullopt;
    most = rating;
  }
  return found;
}

}  // namespace

std::optional<V8WasmModule> V8WasmModule::find(HeapSource& memory, uint64_t address) {
  std::array<uint64_t, kModuleWords> read{};
  const auto words = std::span<const uint64_t>(read).first(read_words(memory, address, read));
  V8WasmModule made;
  made.address_ = address;
  if (!made.find_binary(memory, words)) return std::nullopt;
  auto codes = made.tree_codes(memory, words);
  const auto fresh = made.new_codes(memory, words);
  codes.insert(codes.end(), fresh.begin(), fresh.end());
  std::sort(codes.begin(), codes.end(), [](const Code& a, const Code& b) { return a.start() < b.start(); });
  if (!made.find_fields(memory, words, codes)) return std::nullopt;
  return made;
}

bool V8WasmModule::find_binary(HeapSource& memory, std::span<const uint64_t> words) {
  for (size_t i = 0; i < words.size(); i++) {
    std::array<uint64_t, 2> held{};
    if (!may_be_pointer(words[i]) || read_words(memory, words[i], held) != held.size()) continue;
    auto binary = WasmBinary::read(memory, held[0], held[1]);
    if (!binary) continue;
    binary_ = std::move(*binary);
    binary_at_ = address_ + i * sizeof(uint64_t);
    bytes_ = {held[0], held[1]};
    ends_ = read_ends(memory, bytes_.first, bytes_.length);
    return !ends_.empty();
  }
  return false;
}

bool V8WasmModule::is_same(HeapSource& memory) const {
  std::array<uint64_t, 1> holder{};
  std::array<uint64_t, 2> held{};
  return read_words(memory, binary_at_, holder) == 1 && read_words(memory, holder[0], held) == held.size() &&
         held[0] == bytes_.first && held[1] == bytes_.length &&
         read_ends(memory, bytes_.first, bytes_.length) == ends_;
}

std::optional<V8WasmModule::Node> V8WasmModule::read_node(HeapSource& memory, uint64_t address) {
  Node node{};
  const bool is_node = may_be_pointer(address) && read_words(memory, address, node) == node.size();
  // Colors of libstdc++ are 0 and 1, in 32 bits.
  return is_node && static_cast<uint32_t>(node[0]) <= 1 ? std::optional(node) : std::nullopt;
}

std::vector<V8WasmModule::Code> V8WasmModule::tree_codes(HeapSource& memory, std::span<const uint64_t> words) const {
  for (size_t i = 1; i + 3 < words.size(); i++) {
    const auto root = read_node(memory, words[i]);
    if (!root || (*root)[kParent] != address_ + (i - 1) * sizeof(uint64_t)) continue;
    std::vector<Code> codes;
    if (collect(memory, words[i], kMostDepth, codes)) return codes;
  }
  return {};
}

// Code that no one has looked up since it was made is in a vector, which the next who does will put into the map.
std::vector<V8WasmModule::Code> V8WasmModule::new_codes(HeapSource& memory, std::span<const uint64_t> words) const {
  for (size_t i = 0; i + 2 < words.size(); i++) {
    const uint64_t bytes = words[i + 1] - words[i];
    const bool may_be = may_be_pointer(words[i]) && words[i + 1] > words[i] && words[i + 2] >= words[i + 1] &&
                        bytes % sizeof(uint64_t) == 0 && bytes / sizeof(uint64_t) <= kMostNewCode;
    if (!may_be) continue;
    std::vector<uint64_t> objects(bytes / sizeof(uint64_t));
    if (read_words(memory, words[i], objects) != objects.size()) continue;
    std::vector<Code> codes;
    for (const uint64_t object : objects) {
      const auto code = read_code(memory, object);
      if (!code) break;
      codes.push_back(*code);
    }
    if (codes.size() == objects.size()) return codes;
  }
  return {};
}

bool V8WasmModule::collect(HeapSource& memory, uint64_t address, int depth, std::vector<Code>& codes) const {
  if (address == 0 || codes.size() >= kMostSamples) return true;
  const auto node = read_node(memory, address);
  if (!node || depth == 0 || !collect(memory, (*node)[kLeft], depth - 1, codes)) return false;
  if (codes.size() >= kMostSamples) return true;
  const auto code = read_code(memory, (*node)[kValue]);
  if (!code || code->start() != (*node)[kKey]) return false;
  codes.push_back(*code);
  return collect(memory, (*node)[kRight], depth - 1, codes);
}

std::optional<V8WasmModule::Code> V8WasmModule::read_code(HeapSource& memory, uint64_t object) const {
  Code code{object, {}};
  if (!may_be_pointer(object) || read_words(memory, object, code.words) != code.words.size()) return std::nullopt;
  return code.module() == address_ ? std::optional(code) : std::nullopt;
}

/// Code reaches up to the next one, and never into it: how often it does, 0 when the place cannot hold its size. The length
/// of its instructions alone does so only where nothing fills code up to the length that it takes.
size_t V8WasmModule::adjoining(std::span<const Code> codes, size_t place) {
  constexpr size_t kLeastAdjoining = 2;
  size_t adjoining = 0;
  for (size_t i = 0; i < codes.size(); i++) {
    const int64_t size = codes[i].half(place);
    if (size <= 0) return 0;
    if (i + 1 == codes.size()) continue;
    const uint64_t end = codes[i].start() + static_cast<uint64_t>(size);
    if (end > codes[i + 1].start()) return 0;
    if (end == codes[i + 1].start()) adjoining++;
  }
  return adjoining >= kLeastAdjoining ? adjoining : 0;
}

/// The code of each function in the table has its index, and other code has none.
bool V8WasmModule::is_index(std::span<const Code> codes, const Table& table, size_t place) const {
  const int64_t functions = int64_t{binary_.imported()} + binary_.declared();
  for (size_t i = 0; i < table.codes.size(); i++) {
    if (table.codes[i].half(place) != static_cast<int32_t>(table.functions[i])) return false;
  }
  const auto may_be = [&](const Code& code) { return code.half(place) >= kNoFunction && code.half(place) < functions; };
  const auto is_none = [place](const Code& code) { return code.half(place) == kNoFunction; };
  return std::all_of(codes.begin(), codes.end(), may_be) && std::any_of(codes.begin(), codes.end(), is_none);
}

bool V8WasmModule::find_fields(HeapSource& memory, std::span<const uint64_t> words, std::span<const Code> codes) {
  const auto size = best_half([&](size_t place) { return adjoining(codes, place); });
  std::optional<size_t> index;
  for (const uint64_t word : words) {
    if (!may_be_pointer(word)) continue;
    const Table table = read_table(memory, word);
    if (table.codes.empty()) continue;
    const auto found = best_half([&](size_t place) { return is_index(codes, table, place) ? 1 : 0; });
    if (found && index && *found != *index) return false;
    if (found) index = found;
  }
  if (!size || !index) return false;
  size_ = *size;
  index_ = *index;
  return true;
}

V8WasmModule::Table V8WasmModule::read_table(HeapSource& memory, uint64_t address) const {
  Table table;
  std::vector<uint64_t> chunk;
  for (uint32_t first = 0; first < binary_.declared() && table.codes.size() < kMostSamples; first += kTableChunk) {
    chunk.resize(std::min<size_t>(kTableChunk, binary_.declared() - first));
    if (read_words(memory, address + uint64_t{first} * sizeof(uint64_t), chunk) != chunk.size()) return {};
    for (size_t i = 0; i < chunk.size() && table.codes.size() < kMostSamples; i++) {
      if (chunk[i] == 0) continue;
      const auto code = read_code(memory, chunk[i]);
      if (!code) return {};
      table.codes.push_back(*code);
      table.functions.push_back(binary_.imported() + first + static_cast<uint32_t>(i));
    }
  }
  return table;
}

std::optional<V8WasmModule::Code> V8WasmModule::code_at(HeapSource& memory, uint64_t address) const {
  const auto code = find_code(memory, address);
  if (!code) return std::nullopt;
  const int64_t index = code->half(index_);
  const bool is_own = index >= binary_.imported() && index < int64_t{binary_.imported()} + binary_.declared();
  return is_own ? code : std::nullopt;
}

bool V8WasmModule::holds(const Code& code, uint64_t address) const {
  return address >= code.start() && address - code.start() < static_cast<uint32_t>(code.half(size_));
}

std::optional<V8WasmModule::Code> V8WasmModule::find_code(HeapSource& memory, uint64_t address) const {
  std::array<uint64_t, kModuleWords> read{};
  const auto words = std::span<const uint64_t>(read).first(read_words(memory, address_, read));
  for (size_t i = 0; i + kParent < words.size(); i++) {
    const auto code = nearest(memory, address_ + i * sizeof(uint64_t), words[i + kParent], address);
    if (code && holds(*code, address)) return code;
  }
  for (const Code& code : new_codes(memory, words)) {
    if (holds(code, address)) return code;
  }
  return std::nullopt;
}

std::optional<V8WasmModule::Code> V8WasmModule::nearest(HeapSource& memory, uint64_t header, uint64_t root,
                                                        uint64_t address) const {
  Node below{};
  uint64_t parent = header;
  int depth = 0;
  for (uint64_t at = root; at != 0; depth++) {
    const auto node = read_node(memory, at);
    if (!node || (*node)[kParent] != parent || depth == kMostDepth) return std::nullopt;
    const bool is_below = (*node)[kKey] <= address;
    if (is_below) below = *node;
    parent = at;
    at = (*node)[is_below ? kRight : kLeft];
  }
  const auto code = read_code(memory, below[kValue]);
  return code && code->start() == below[kKey] ? code : std::nullopt;
}

}  // namespace prof
