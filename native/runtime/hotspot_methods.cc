#include "runtime/hotspot_methods.h"

#include <algorithm>
#include <cstring>

#include "base/clock.h"

namespace prof {
namespace {

constexpr uint64_t kProofNs = 1'000'000;
// What is no method is not looked at again for so long.
constexpr uint64_t kRetryNs = 100'000'000;
constexpr size_t kMostKnown = 32768;
constexpr size_t kMostNameBytes = 1024;
constexpr size_t kMostLineBytes = 1 << 16;
constexpr uint32_t kMostLine = 65535;  // of a class file (JVM specification, 4.7.12)
constexpr uint8_t kEscape = 0xff;
constexpr std::string_view kMethodHandle = "java/lang/invoke/MethodHandle";
// Of user space on x86-64, and what metaspace is aligned to.
constexpr uint64_t kMostAddress = uint64_t{1} << 47;

bool may_be_object(uint64_t address) { return address > 4096 && address < kMostAddress && (address & 7) == 0; }

/// Letters of a name in the modified UTF-8 of class files; it is never checked further.
bool is_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
}

std::optional<std::vector<JavaLine>> decode_lines(std::span<const std::byte> table, uint32_t bytecode_count,
                                                  Unsigned5 form) {
  Unsigned5Reader reader(table, 0, form);
  std::vector<JavaLine> lines;
  int64_t bci = 0;
  int64_t line = 0;
  for (;;) {
    const auto next = reader.byte();
    if (!next) return std::nullopt;
    if (*next == 0) return lines;
    if (*next == kEscape) {
      const auto bytecodes = reader.signed_number();
      const auto more = reader.signed_number();
      if (!bytecodes || !more) return std::nullopt;
      bci += *bytecodes;
      line += *more;
    } else {
      bci += *next >> 3;
      line += *next & 7;
    }
    // Compilers write them in the order of the bytecodes: numbers in the wrong form hardly ever come out so.
    const bool goes_on = lines.empty() ? bci == 0 : bci >= lines.back().bci;
    if (!goes_on || bci >= bytecode_count || line < 0 || line > kMostLine) return std::nullopt;
    lines.push_back({static_cast<uint32_t>(bci), static_cast<uint32_t>(line)});
  }
}

}  // namespace

uint32_t JavaMethod::line_at(uint32_t bci) const {
  if (bci >= bytecode_count) return 0;
  const JavaLine* best = nullptr;
  for (const JavaLine& each : lines) {
    if (each.bci <= bci && (best == nullptr || each.bci >= best->bci)) best = &each;
  }
  return best == nullptr ? 0 : best->line;
}

std::string java_class_name(std::string_view internal) {
  // `Main$$Lambda$14+0x00007f0008001000`, or with a slash: another address in each run.
  for (const std::string_view mark : {"+0x", "/0x"}) {
    const size_t at = internal.rfind(mark);
    if (at != std::string_view::npos) internal = internal.substr(0, at);
  }
  std::string name(internal);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::vector<JavaLine> read_java_lines(std::span<const std::byte> table, uint32_t bytecode_count,
                                      std::optional<Unsigned5>& form) {
  // The first entry is of bytecode 0: unless it is short, only the right form gives that.
  auto older = decode_lines(table, bytecode_count, Unsigned5::all_bytes);
  auto newer = decode_lines(table, bytecode_count, Unsigned5::without_zero);
  if (older && newer) {
    if (*older == *newer) return std::move(*older);
    if (!form) return {};
    return std::move(*form == Unsigned5::all_bytes ? *older : *newer);
  }
  if (!older && !newer) return {};
  form = older ? Unsigned5::all_bytes : Unsigned5::without_zero;
  return std::move(older ? *older : *newer);
}

void HotSpotMethods::begin_stack() {
  now_ns_ = monotonic_ns();
  if (known_.size() >= kMostKnown) known_.clear();
}

const JavaMethod* HotSpotMethods::find(uint64_t address) {
  if (!may_be_object(address)) return nullptr;
  Known& known = known_[address];
  if (known.proved_ns != 0 && known.method && prove(known)) return &*known.method;
  if (known.proved_ns != 0 && !known.method && now_ns_ - known.proved_ns < kRetryNs) return nullptr;
  known = {};
  known.seen_ns = known.proved_ns = now_ns_;
  if (!read_method(address, known)) known.method.reset();
  return known.method ? &*known.method : nullptr;
}

const JavaMethod* HotSpotMethods::find_at_sample(uint64_t address) {
  const JavaMethod* const method = find(address);
  return method != nullptr && unloading_.was_there(known_[address].seen_ns) ? method : nullptr;
}

std::optional<std::string> HotSpotMethods::called_name(uint64_t address, uint32_t bci) {
  const JavaMethod* const method = find(address);
  if (method == nullptr || bci >= method->bytecode_count) return std::nullopt;
  const auto [known, is_new] = known_[address].called.try_emplace(bci);
  if (is_new) known->second = read_called_name(*method, bci);
  return known->second;
}

std::optional<std::string> HotSpotMethods::read_called_name(const JavaMethod& method, uint32_t bci) {
  const auto index = calls_.name_index(method.bytecodes + bci, method.pool);
  if (!index) return std::nullopt;
  if (*index == 0) return "";
  const ObjectBytes pool(memory_, method.pool, static_cast<size_t>(layout_.pool_bytes));
  const auto name = pool_symbol(method.pool, pool.get({layout_.pool_length.at, false, 4}), *index);
  if (!name) return std::nullopt;
  // A method handle calls what it was made for.
  const bool is_handle = name->text.starts_with("linkTo") || name->text.starts_with("invoke");
  return is_handle ? std::nullopt : std::optional(name->text);
}

bool HotSpotMethods::is_stale(const Known& known) const { return now_ns_ - known.proved_ns >= kProofNs; }

void HotSpotMethods::prove_all(std::span<const uint64_t> addresses) {
  std::vector<ProofWord> proof;
  for (const uint64_t address : addresses) {
    const auto known = known_.find(address);
    if (known == known_.end() || !known->second.method || !is_stale(known->second)) continue;
    proof.insert(proof.end(), known->second.proof.begin(), known->second.proof.end());
  }
  // Where one word is another now, find() tells whose it is.
  if (proof.empty() || !is_as_expected(std::move(proof))) return;
  for (const uint64_t address : addresses) {
    const auto known = known_.find(address);
    if (known != known_.end() && known->second.method) known->second.proved_ns = now_ns_;
  }
}

bool HotSpotMethods::is_as_expected(std::vector<ProofWord> proof) {
  std::sort(proof.begin(), proof.end());
  proof.erase(std::unique(proof.begin(), proof.end()), proof.end());
  std::vector<uint64_t> words(proof.size());
  std::vector<WordRange> ranges;
  for (size_t i = 0; i < proof.size(); i++) {
    const bool goes_on = i > 0 && proof[i].place == proof[i - 1].place + 8;
    if (goes_on) ranges.back().words = std::span(words).subspan(i - ranges.back().words.size(), ranges.back().words.size() + 1);
    else ranges.push_back({proof[i].place, std::span(words).subspan(i, 1)});
  }
  if (memory_.read_ranges(ranges) != ranges.size()) return false;
  for (size_t i = 0; i < proof.size(); i++) {
    if ((words[i] & proof[i].mask) != proof[i].expected) return false;
  }
  return true;
}

bool HotSpotMethods::prove(Known& known) {
  if (!is_stale(known)) return true;
  if (!is_as_expected(known.proof)) return false;
  known.proved_ns = now_ns_;
  return true;
}

std::optional<HotSpotMethods::Symbol> HotSpotMethods::symbol_at(uint64_t address) {
  if (!may_be_object(address)) return std::nullopt;
  const ObjectBytes head(memory_, address, static_cast<size_t>(layout_.symbol_body.at));
  const uint64_t length = head.get({layout_.symbol_length.at, false, 2});
  if (length == 0 || length > kMostNameBytes) return std::nullopt;
  std::string text(static_cast<size_t>(length), '\0');
  const uint64_t body = address + layout_.symbol_body.at;
  if (memory_.read(body, std::as_writable_bytes(std::span(text.data(), text.size()))) != length) return std::nullopt;
  return is_name(text) ? std::optional(Symbol{address, std::move(text)}) : std::nullopt;
}

/// Another name may have the place of one that went with its class.
void HotSpotMethods::add_proof(Known& known, const Symbol& symbol) const {
  const std::string& text = symbol.text;
  for (size_t i = 0; i < text.size(); i += 8) {
    const size_t bytes = std::min<size_t>(8, text.size() - i);
    ProofWord word{symbol.address + layout_.symbol_body.at + i, 0, ~uint64_t{0} >> (64 - 8 * bytes)};
    std::memcpy(&word.expected, text.data() + i, bytes);
    known.proof.push_back(word);
  }
}

std::optional<HotSpotMethods::Symbol> HotSpotMethods::pool_symbol(uint64_t pool, uint64_t length, uint64_t index) {
  if (index == 0 || index >= length) return std::nullopt;
  uint64_t symbol = 0;
  const auto word = std::as_writable_bytes(std::span(&symbol, 1));
  if (memory_.read(pool + layout_.pool_bytes + 8 * index, word) != word.size()) return std::nullopt;
  return symbol_at(symbol);
}

bool HotSpotMethods::read_method(uint64_t address, Known& known) {
  const ObjectBytes method(memory_, address, static_cast<size_t>(layout_.method_const.at) + 8);
  const uint64_t constants_address = method.get(layout_.method_const);
  if (!may_be_object(constants_address)) return false;
  const ObjectBytes constants(memory_, constants_address, static_cast<size_t>(layout_.const_bytes));
  const uint64_t pool_address = constants.get(layout_.const_constants);
  if (constants.size() < layout_.const_bytes || !may_be_object(pool_address)) return false;
  const ObjectBytes pool(memory_, pool_address, static_cast<size_t>(layout_.pool_bytes));
  const uint64_t klass_address = pool.get(layout_.pool_holder);
  if (pool.size() < layout_.pool_bytes || !may_be_object(klass_address)) return false;
  const ObjectBytes klass(memory_, klass_address, static_cast<size_t>(layout_.klass_constants.at) + 8);
  const uint64_t length = pool.get({layout_.pool_length.at, false, 4});
  const uint64_t name_index = constants.get(layout_.const_name);
  const auto name = pool_symbol(pool_address, length, name_index);
  const auto class_name = symbol_at(klass.get(layout_.klass_name));
  if (!name || !class_name) return false;
  // The VM makes a few methods itself, with constants of their own (Method::make_method_handle_intrinsic).
  const bool is_intrinsic =
      class_name->text == kMethodHandle && (name->text.starts_with("linkTo") || name->text.starts_with("invoke"));
  if (klass.get(layout_.klass_constants) != pool_address && !is_intrinsic) return false;
  JavaMethod& found = known.method.emplace();
  found.function.runtime = Runtime::java;
  found.function.name = java_class_name(class_name->text) + "." + name->text;
  found.bytecodes = constants_address + layout_.const_bytes;
  found.pool = pool_address;
  found.bytecode_count = static_cast<uint32_t>(constants.get(layout_.const_code_size));
  if (layout_.has_source_file) {
    found.function.script = pool_symbol(pool_address, length, pool.get(layout_.pool_source_file)).value_or(Symbol{}).text;
  }
  read_lines(constants, found);
  constexpr uint64_t kWhole = ~uint64_t{0};
  known.proof = {{address + layout_.method_const.at, constants_address, kWhole},
                 {constants_address + layout_.const_constants.at, pool_address, kWhole},
                 {constants_address + layout_.const_name.at, name_index, 0xffff},
                 {pool_address + layout_.pool_holder.at, klass_address, kWhole},
                 {pool_address + layout_.pool_bytes + 8 * name_index, name->address, kWhole},
                 {klass_address + layout_.klass_constants.at, klass.get(layout_.klass_constants), kWhole},
                 {klass_address + layout_.klass_name.at, class_name->address, kWhole}};
  add_proof(known, *class_name);
  add_proof(known, *name);
  return true;
}

void HotSpotMethods::read_lines(const ObjectBytes& constants, JavaMethod& method) {
  if ((constants.get(layout_.const_flags) & layout_.line_table_flag) == 0) return;
  const uint64_t size = 8 * constants.get({layout_.const_size.at, false, 4});
  const uint64_t before = layout_.const_bytes + method.bytecode_count;
  if (size <= before) return;
  const auto bytes = static_cast<size_t>(std::min<uint64_t>(size - before, kMostLineBytes));
  const ObjectBytes table(memory_, constants.address() + before, bytes);
  method.lines = read_java_lines(table.bytes(), method.bytecode_count, form_);
  for (const JavaLine& each : method.lines) {
    uint32_t& first = method.function.line;
    if (each.line > 0 && (first == 0 || each.line < first)) first = each.line;
  }
}

}  // namespace prof
