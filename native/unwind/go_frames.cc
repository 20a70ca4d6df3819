// Layouts of Go 1.16 (fffffffa), 1.18 (fffffff0) and 1.20 (fffffff1): go/src/runtime/symtab.go, `pcHeader`, `_func` and
// `pcvalue`.
#include "unwind/go_frames.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "unwind/byte_cursor.h"
#include "unwind/prologue.h"

namespace prof {
namespace {

constexpr uint32_t kGo116 = 0xfffffffa;
constexpr uint32_t kGo118 = 0xfffffff0;
constexpr uint32_t kGo120 = 0xfffffff1;
constexpr size_t kHeaderBytes = 72;
constexpr uint64_t kMaxFunctions = 1 << 22;
constexpr uint64_t kMaxFrameBytes = 1 << 20;
constexpr size_t kRecordBytes = 48;
constexpr size_t kMaxStreamBytes = 4096;
constexpr size_t kMaxKnown = 65536;
constexpr uint64_t kMaxCodeBytes = 1 << 18;
// push %rbp; mov %rsp, %rbp; pushf: the flags are saved by no other function (preempt_amd64.s).
constexpr std::array<uint8_t, 5> kInterruption{0x55, 0x48, 0x89, 0xe5, 0x9c};
constexpr uint8_t kWritesStackPointer = 1 << 1;  // abi.FuncFlagSPWrite

template <class T>
T at(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Entries of the table of functions, and of a function's record.
constexpr size_t entry_bytes(uint32_t magic) { return magic == kGo116 ? 8 : 4; }

/// One of the zigzag numbers of a pcvalue stream.
uint32_t zigzag(uint64_t value) {
  const auto half = static_cast<uint32_t>(value >> 1);
  return (value & 1) != 0 ? ~half : half;
}

}  // namespace

std::optional<uint32_t> GoFrames::bytes_at(const CodeRange& range, uint64_t address) {
  if (range.go_table == 0) return std::nullopt;
  if (known_.size() >= kMaxKnown) known_.clear();
  const auto [known, is_new] = known_.try_emplace(address);
  if (is_new) known->second = look_up(range, address);
  return known->second;
}

void GoFrames::flush() {
  tables_.clear();
  known_.clear();
  functions_.clear();
  interruptions_.clear();
  calls_.clear();
  callers_.clear();
}

bool GoFrames::is_interruption(const CodeRange& range, uint64_t address) {
  const uint64_t entry = entry_of(range, address);
  if (entry == 0) return false;
  if (interruptions_.size() >= kMaxKnown) interruptions_.clear();
  const auto [known, is_new] = interruptions_.try_emplace(entry);
  std::array<std::byte, kInterruption.size()> code{};
  if (is_new && read(entry, code)) {
    known->second = std::memcmp(code.data(), kInterruption.data(), code.size()) == 0;
  }
  return known->second;
}

std::optional<bool> GoFrames::calls(const CodeRange& range, uint64_t address, uint64_t return_address) {
  const uint64_t entry = entry_of(range, address);
  if (entry == 0) return std::nullopt;
  if (calls_.size() >= kMaxKnown) calls_.clear();
  const auto [known, is_new] = calls_.try_emplace({entry, return_address});
  if (is_new) known->second = look_at_call(entry, return_address);
  return known->second;
}

std::optional<bool> GoFrames::look_at_call(uint64_t entry, uint64_t return_address) {
  std::array<std::byte, kCallBytes> before{};
  if (!read(return_address - before.size(), before)) return std::nullopt;
  const CallTarget call = call_before(before, return_address);
  if (call.form != CallForm::direct) return std::nullopt;
  return call.address == entry || jumps_to(call.address, entry);
}

/// At once or after it has set registers, as morestack_noctxt and the wrappers between Go's two calling conventions do.
bool GoFrames::jumps_to(uint64_t address, uint64_t entry) {
  constexpr size_t kJumpBytes = 5;
  constexpr std::byte kJump{0xe9};
  std::array<std::byte, 32> code{};
  if (!read(address, code)) return false;
  for (size_t i = 0; i + kJumpBytes <= code.size(); i++) {
    if (code[i] != kJump) continue;
    const auto distance = static_cast<uint64_t>(int64_t{at<int32_t>(code, i + 1)});
    if (address + i + kJumpBytes + distance == entry) return true;
  }
  return false;
}

std::optional<uint64_t> GoFrames::caller_between(const CodeRange& range, uint64_t address, uint64_t return_address,
                                                 uint64_t argument) {
  const uint64_t entry = entry_of(range, address);
  if (entry == 0) return std::nullopt;
  if (callers_.size() >= kMaxKnown) callers_.clear();
  const uint64_t passed = argument == 0 ? 0 : entry_of(range, argument);
  const auto [known, is_new] = callers_.try_emplace({entry, return_address, passed});
  if (!is_new) return known->second;
  std::array<std::byte, kCallBytes> before{};
  if (!read(return_address - before.size(), before)) return std::nullopt;
  const CallTarget call = call_before(before, return_address);
  const auto caller = call.form == CallForm::direct ? function_at(range, call.address) : std::nullopt;
  if (caller && caller->entry == call.address) known->second = call_in(*caller, entry, passed);
  return known->second;
}

std::optional<uint64_t> GoFrames::call_in(const Function& function, uint64_t entry, uint64_t argument) {
  constexpr std::byte kCall{0xe8};
  constexpr size_t kDirectBytes = 5;
  std::vector<std::byte> bytes(static_cast<size_t>(std::min(function.end - function.entry, kMaxCodeBytes)));
  if (!read(function.entry, bytes)) return std::nullopt;
  const std::span<const std::byte> code(bytes);
  std::vector<size_t> calls;  // where they end
  for (size_t end = kDirectBytes; end <= code.size(); end++) {
    if (code[end - kDirectBytes] != kCall) continue;
    const auto distance = static_cast<uint64_t>(int64_t{at<int32_t>(code, end - 4)});
    if (function.entry + end + distance == entry) calls.push_back(end);
  }
  std::vector<size_t> fitting;
  for (size_t i = 0; i < calls.size() && argument != 0; i++) {
    const size_t from = i == 0 ? 0 : calls[i - 1];
    if (refers_to(code.subspan(from, calls[i] - from), function.entry + from, argument)) fitting.push_back(calls[i]);
  }
  const auto& found = calls.size() == 1 ? calls : fitting;
  return found.size() == 1 ? std::optional(function.entry + found.front() - 1) : std::nullopt;
}

/// By `lea`, relative to the instruction.
bool GoFrames::refers_to(std::span<const std::byte> code, uint64_t start, uint64_t entry) {
  constexpr size_t kLeaBytes = 7;
  for (size_t i = 0; i + kLeaBytes <= code.size(); i++) {
    const bool is_lea = (at<uint8_t>(code, i) & 0xfb) == 0x48 && at<uint8_t>(code, i + 1) == 0x8d;
    if (!is_lea || (at<uint8_t>(code, i + 2) & 0xc7) != 0x05) continue;
    const uint64_t target = start + i + kLeaBytes + static_cast<uint64_t>(int64_t{at<int32_t>(code, i + 3)});
    uint64_t word = 0;
    if (target == entry) return true;
    if (read(target, std::as_writable_bytes(std::span(&word, 1))) && word == entry) return true;
  }
  return false;
}

uint64_t GoFrames::entry_of(const CodeRange& range, uint64_t address) {
  const auto function = function_at(range, address);
  return function ? function->entry : 0;
}

std::optional<GoFrames::Function> GoFrames::function_at(const CodeRange& range, uint64_t address) {
  const Table* const table = range.go_table == 0 ? nullptr : table_of(range);
  if (table == nullptr) return std::nullopt;
  if (functions_.size() >= kMaxKnown) functions_.clear();
  const auto [known, is_new] = functions_.try_emplace(address);
  if (!is_new) return known->second;
  const uint64_t shift = table->text == 0 ? range.bias : 0;
  const auto function = find(*table, address - shift);
  if (function) known->second = Function{function->entry + shift, function->end + shift, function->record};
  return known->second;
}

const GoFrames::Table* GoFrames::table_of(const CodeRange& range) {
  const auto [known, is_new] = tables_.try_emplace(range.go_table);
  if (is_new) known->second = read_table(range);
  return known->second ? &*known->second : nullptr;
}

std::optional<uint32_t> GoFrames::look_up(const CodeRange& range, uint64_t address) {
  const Table* const found = table_of(range);
  if (found == nullptr) return std::nullopt;
  const Table& table = *found;
  const uint64_t pc = table.text == 0 ? address - range.bias : address;
  const auto function = find(table, pc);
  if (!function) return std::nullopt;
  std::array<std::byte, kRecordBytes> record{};
  if (!read(function->record, record)) return std::nullopt;
  const size_t entry = entry_bytes(table.magic);
  const size_t flags = table.magic == kGo120 ? 41 : entry + 33;
  const auto values = at<uint32_t>(record, entry + 12);
  if (values == 0 || (at<uint8_t>(record, flags) & kWritesStackPointer) != 0) return std::nullopt;
  return value_at(table.values + values, function->entry, pc);
}

std::optional<GoFrames::Table> GoFrames::read_table(const CodeRange& range) {
  std::array<std::byte, kHeaderBytes> header{};
  if (!read(range.go_table, header) || at<uint8_t>(header, 7) != sizeof(uint64_t)) return std::nullopt;
  Table table;
  table.magic = at<uint32_t>(header, 0);
  table.count = at<uint64_t>(header, 8);
  if (table.count == 0 || table.count > kMaxFunctions) return std::nullopt;
  if (table.magic == kGo116) {
    table.values = range.go_table + at<uint64_t>(header, 48);
    table.functions = range.go_table + at<uint64_t>(header, 56);
    return table;
  }
  if (table.magic != kGo118 && table.magic != kGo120) return std::nullopt;
  // Relocated by the time the program runs; versions from 1.26 on leave it 0.
  table.text = at<uint64_t>(header, 24);
  if (table.text == 0) table.text = range.go_text;
  if (table.text == 0) return std::nullopt;
  table.values = range.go_table + at<uint64_t>(header, 56);
  table.functions = range.go_table + at<uint64_t>(header, 64);
  return table;
}

std::optional<GoFrames::Function> GoFrames::find(const Table& table, uint64_t pc) {
  const size_t bytes = entry_bytes(table.magic);
  const auto number = [&](uint64_t index, uint64_t& out) {
    out = 0;
    return read(table.functions + index * bytes, std::as_writable_bytes(std::span(&out, 1)).first(bytes));
  };
  uint64_t low = 0;
  uint64_t high = table.count;
  uint64_t entry = 0;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    if (!number(2 * middle, entry)) return std::nullopt;
    (table.text + entry <= pc ? low : high) = middle;
  }
  uint64_t end = 0;
  uint64_t record = 0;
  const bool is_read = number(2 * low, entry) && number(2 * low + 1, record) && number(2 * low + 2, end);
  if (!is_read || pc < table.text + entry || pc >= table.text + end) return std::nullopt;
  return Function{table.text + entry, table.text + end, table.functions + record};
}

std::optional<uint32_t> GoFrames::value_at(uint64_t stream, uint64_t entry, uint64_t pc) {
  std::array<std::byte, kMaxStreamBytes> buffer{};
  const size_t length = reader_.read_code(stream, buffer);
  ByteCursor cursor{std::span(buffer).first(length)};
  uint32_t value = ~uint32_t{0};
  for (uint64_t until = entry; !cursor.failed();) {
    const uint64_t change = cursor.uleb();
    if (change == 0 && until != entry) break;
    value += zigzag(change);
    until += cursor.uleb();  // times the least size of an instruction, which is 1 here
    if (cursor.failed() || pc >= until) continue;
    if (value % sizeof(uint64_t) != 0 || value > kMaxFrameBytes) break;
    return value;
  }
  return std::nullopt;
}

}  // namespace prof
