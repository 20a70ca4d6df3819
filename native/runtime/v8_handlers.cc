#include "runtime/v8_handlers.h"

#include <algorithm>

#include "unwind/registers.h"

namespace prof {
namespace {

// One for each thread that runs JavaScript; further ones have no lines of interpreted code.
constexpr size_t kMostTables = 16;
constexpr uint64_t kMostHandlerBytes = 16 << 10;
constexpr uint64_t kMostSpan = 4 << 20;
constexpr uint64_t kHandlerAlignment = 32;
constexpr size_t kLeastHandlers = 100;
// V8 has it there on x86-64. It is no constant of its; what is not the table does not pass.
constexpr size_t kTableRegister = kRegR15;

}  // namespace

std::optional<V8Handlers::Place> V8Handlers::place(const RuntimeFrame& frame, const RuntimeFrame* callee,
                                                   std::span<const std::byte> bytecode) {
  const auto& interpreter = heap_.layout().interpreter;
  if (!interpreter || bytecode.empty()) return std::nullopt;
  std::optional<uint32_t> in_frame;
  if (!frame.is_leaf && V8Heap::is_integer(frame.position)) {
    in_frame = in_bytecode(V8Heap::integer(frame.position), bytecode.size());
  }
  const bool calls_function = callee != nullptr && callee->address == frame.callee && callee->has_slots &&
                              V8Heap::is_object(callee->context) && V8Heap::is_object(callee->function);
  if (calls_function) return in_frame ? std::optional(Place{*in_frame}) : std::nullopt;
  std::optional<uint32_t> in_register;
  // Those of the leaf may still be what its caller left there.
  const bool is_by_leaf = callee != nullptr && callee->address == frame.callee;
  const Registers* const registers = is_by_leaf ? callee->registers : frame.registers;
  if (registers != nullptr && registers->known == kAllRegisters) {
    const uint64_t value = registers->value[static_cast<size_t>(interpreter->offset_register)];
    in_register = in_bytecode(static_cast<int64_t>(value), bytecode.size());
    if (in_register) learn(frame, registers->value[kTableRegister], bytecode, *in_register);
  }
  const auto address = handler_address(frame);
  if (!address) return std::nullopt;
  if (in_register && is_handled(bytecode, *in_register, *address)) return Place{*in_register};
  if (in_frame && is_handled(bytecode, *in_frame, *address)) return Place{*in_frame, true};
  return std::nullopt;
}

std::optional<uint64_t> V8Handlers::handler_address(const RuntimeFrame& frame) const {
  for (const uint64_t address : {frame.address, frame.callee}) {
    const auto is_within = [address](const Table& table) {
      return address >= table.starts.front() && address < table.starts.back() + kMostHandlerBytes;
    };
    if (std::any_of(tables_.begin(), tables_.end(), is_within)) return address;
  }
  return std::nullopt;
}

/// Offsets are counted from the tagged pointer.
std::optional<uint32_t> V8Handlers::in_bytecode(int64_t from_pointer, size_t length) const {
  const int64_t offset = from_pointer - (heap_.layout().interpreter->data - 1);
  if (offset < 0 || offset >= static_cast<int64_t>(length)) return std::nullopt;
  return static_cast<uint32_t>(offset);
}

bool V8Handlers::is_handled(std::span<const std::byte> bytecode, uint32_t offset, uint64_t address) const {
  const auto kind = std::to_integer<size_t>(bytecode[offset]);
  // A prefix that widens the operands stands ahead of the bytecode proper.
  const size_t next = offset + 1 < bytecode.size() ? std::to_integer<size_t>(bytecode[offset + 1]) : kind;
  for (const Table& table : tables_) {
    const auto after = std::upper_bound(table.starts.begin(), table.starts.end(), address);
    if (after == table.starts.begin()) continue;
    const uint64_t start = *(after - 1);
    if (address - start > kMostHandlerBytes) continue;
    for (const size_t index : {kind, kBytecodes + kind, 2 * kBytecodes + kind, kBytecodes + next, 2 * kBytecodes + next}) {
      if (table.handlers[index] == start) return true;
    }
  }
  return false;
}

void V8Handlers::learn(const RuntimeFrame& frame, uint64_t address, std::span<const std::byte> bytecode,
                       uint32_t offset) {
  const auto is_this = [address](const Table& table) { return table.address == address; };
  if (tables_.size() == kMostTables || address % sizeof(uint64_t) != 0) return;
  if (std::any_of(tables_.begin(), tables_.end(), is_this)) return;
  const auto kind = std::to_integer<uint64_t>(bytecode[offset]);
  const uint64_t handler = heap_.word(address + kind * sizeof(uint64_t)).value_or(0);
  const auto is_its = [handler](uint64_t at) { return at >= handler && at - handler <= kMostHandlerBytes; };
  if (!is_its(frame.address) && !is_its(frame.callee)) return;
  Table table;
  table.address = address;
  if (!heap_.read_words(address, table.handlers)) return;
  table.starts.assign(table.handlers.begin(), table.handlers.end());
  std::sort(table.starts.begin(), table.starts.end());
  table.starts.erase(std::unique(table.starts.begin(), table.starts.end()), table.starts.end());
  // Numbers of no bytecode.
  if (table.starts.front() == 0) table.starts.erase(table.starts.begin());
  const auto is_crooked = [](uint64_t start) { return start % kHandlerAlignment != 0; };
  if (table.starts.size() < kLeastHandlers || table.starts.back() - table.starts.front() > kMostSpan) return;
  if (std::any_of(table.starts.begin(), table.starts.end(), is_crooked)) return;
  tables_.push_back(std::move(table));
}

}  // namespace prof
