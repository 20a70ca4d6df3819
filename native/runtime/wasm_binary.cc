// WebAssembly Core Specification 2.0: modules in 5.5, the name section in 7.4.
#include "runtime/wasm_binary.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "unwind/byte_cursor.h"

namespace prof {
namespace {

constexpr std::array<uint8_t, 8> kMagic{0, 'a', 's', 'm', 1, 0, 0, 0};
constexpr uint8_t kCustom = 0, kImports = 2, kFunctions = 3;
constexpr uint8_t kFunctionNames = 1;
constexpr uint64_t kMostBytes = 16 << 20;
constexpr uint32_t kMostFunctions = 1 << 20;  // V8's kV8MaxWasmFunctions is 1,000,000
constexpr size_t kMostNameBytes = 512;
// Its id, and a number of 32 bits.
constexpr size_t kSectionHead = 6;

std::vector<std::byte> read_all(HeapSource& memory, uint64_t address, uint64_t bytes) {
  std::vector<std::byte> read(static_cast<size_t>(std::min(bytes, kMostBytes)));
  read.resize(memory.read(address, read));
  return read;
}

void skip_name(ByteCursor& cursor) { cursor.take(cursor.uleb()); }

/// References to types have the type behind them.
void skip_value_type(ByteCursor& cursor) {
  const uint8_t type = cursor.u8();
  if (type == 0x63 || type == 0x64) cursor.sleb();
}

bool skip_limits(ByteCursor& cursor) {
  // A maximum, shared, 64 bits.
  const uint8_t flags = cursor.u8();
  cursor.uleb();
  if ((flags & 1) != 0) cursor.uleb();
  return flags < 8;
}

/// What is imported, by its kind; false for kinds that are not known.
bool skip_import(ByteCursor& cursor, uint8_t kind) {
  switch (kind) {
    case 0:
      cursor.uleb();
      return true;
    case 1:
      skip_value_type(cursor);
      return skip_limits(cursor);
    case 2:
      return skip_limits(cursor);
    case 3:
      skip_value_type(cursor);
      cursor.u8();
      return true;
    case 4:
      cursor.u8();
      cursor.uleb();
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<WasmBinary> WasmBinary::read(HeapSource& memory, uint64_t address, uint64_t bytes) {
  std::array<uint8_t, kMagic.size()> magic{};
  if (bytes < magic.size() || bytes > uint64_t{1} << 32) return std::nullopt;
  if (memory.read(address, std::as_writable_bytes(std::span(magic))) != magic.size() || magic != kMagic) {
    return std::nullopt;
  }
  WasmBinary made;
  for (uint64_t at = magic.size(); at < bytes;) {
    std::array<std::byte, kSectionHead> head{};
    const auto wanted = std::span(head).first(std::min<uint64_t>(head.size(), bytes - at));
    const size_t got = memory.read(address + at, wanted);
    ByteCursor cursor(wanted.first(got));
    const uint8_t id = cursor.u8();
    const uint64_t length = cursor.uleb();
    at += got - cursor.remaining();
    if (cursor.failed() || length > bytes - at) return std::nullopt;
    if (!made.add_section(memory, id, address + at, length)) return std::nullopt;
    at += length;
  }
  return made;
}

bool WasmBinary::add_section(HeapSource& memory, uint8_t id, uint64_t address, uint64_t bytes) {
  if (id == kCustom) add_names(memory, address, bytes);
  if (id == kImports) return add_imports(ByteCursor(read_all(memory, address, bytes)));
  if (id != kFunctions) return true;
  const auto head = read_all(memory, address, std::min<uint64_t>(bytes, kSectionHead));
  ByteCursor cursor(head);
  const uint64_t count = cursor.uleb();
  declared_ = static_cast<uint32_t>(std::min<uint64_t>(count, kMostFunctions));
  return !cursor.failed() && count <= kMostFunctions;
}

bool WasmBinary::add_imports(ByteCursor cursor) {
  const uint64_t count = cursor.uleb();
  for (uint64_t i = 0; i < count && !cursor.failed(); i++) {
    skip_name(cursor);
    skip_name(cursor);
    const uint8_t kind = cursor.u8();
    if (!skip_import(cursor, kind)) return false;
    if (kind == 0) imported_++;
  }
  return !cursor.failed() && cursor.at_end();
}

void WasmBinary::add_names(HeapSource& memory, uint64_t address, uint64_t bytes) {
  constexpr std::string_view kName = "\4name";
  std::array<char, kName.size()> head{};
  if (bytes < head.size() || bytes > kMostBytes || !by_function_.empty()) return;
  if (memory.read(address, std::as_writable_bytes(std::span(head))) != head.size()) return;
  if (std::string_view(head.data(), head.size()) != kName) return;
  const auto section = read_all(memory, address + head.size(), bytes - head.size());
  for (ByteCursor cursor(section); !cursor.at_end();) {
    const uint8_t id = cursor.u8();
    const auto body = cursor.take(cursor.uleb());
    if (id == kFunctionNames) return add_function_names(ByteCursor(body));
  }
}

// What is damaged in it ends it, as the specification has it: it must not keep a module from running.
void WasmBinary::add_function_names(ByteCursor cursor) {
  const auto all = cursor.rest();
  names_.assign(reinterpret_cast<const char*>(all.data()), all.size());
  const uint64_t count = cursor.uleb();
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t function = cursor.uleb();
    const auto name = cursor.take(cursor.uleb());
    if (cursor.failed() || function > 2 * kMostFunctions) break;
    const auto first = static_cast<uint32_t>(name.data() - all.data());
    by_function_.push_back({static_cast<uint32_t>(function), first, static_cast<uint32_t>(name.size())});
  }
  const auto by_index = [](const Name& a, const Name& b) { return a.function < b.function; };
  std::stable_sort(by_function_.begin(), by_function_.end(), by_index);
}

std::string WasmBinary::name_of(uint32_t function) const {
  const auto is_before = [](const Name& name, uint32_t index) { return name.function < index; };
  const auto found = std::lower_bound(by_function_.begin(), by_function_.end(), function, is_before);
  if (found == by_function_.end() || found->function != function || found->length == 0) {
    return "wasm-function[" + std::to_string(function) + "]";
  }
  return names_.substr(found->first, std::min<size_t>(found->length, kMostNameBytes));
}

}  // namespace prof
