#include "runtime/hotspot_structs.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

namespace prof {
namespace {

// JDK 17 has 788 fields, 900 types and 350 constants.
constexpr size_t kMostEntries = 8192;
constexpr size_t kMostEntryBytes = 256;
constexpr size_t kPageBytes = 4096;
constexpr size_t kMostNameBytes = 256;

uint8_t bytes_of(std::string_view type) {
  constexpr std::array<std::string_view, 8> kFour{"int",   "jint", "uint",     "unsigned int",
                                                  "juint", "u4",   "uint32_t", "int32_t"};
  constexpr std::array<std::string_view, 5> kTwo{"u2", "jushort", "int16_t", "uint16_t", "unsigned short"};
  constexpr std::array<std::string_view, 6> kOne{"u1", "bool", "signed char", "unsigned char", "uint8_t", "int8_t"};
  const auto is_in = [type](const auto& list) { return std::find(list.begin(), list.end(), type) != list.end(); };
  return is_in(kFour) ? 4 : is_in(kTwo) ? 2 : is_in(kOne) ? 1 : 8;
}

}  // namespace

/// Reads tables as wholes, and their strings by pages: one by one these would be thousands of system calls.
class HotSpotStructs::Reader {
 public:
  Reader(const Exports& exports, HeapSource& memory) : exports_(exports), memory_(memory) {}

  struct Table {
    std::vector<std::byte> bytes;
    size_t stride = 0;
    [[nodiscard]] size_t count() const { return stride == 0 ? 0 : bytes.size() / stride; }
    [[nodiscard]] uint64_t word(size_t entry, uint64_t offset, size_t size = 8) const {
      uint64_t value = 0;
      std::memcpy(&value, bytes.data() + entry * stride + offset, size);
      return value;
    }
  };

  std::optional<uint64_t> exported(const std::string& name) {
    const auto at = exports_.find(name);
    uint64_t value = 0;
    if (at == exports_.end()) return std::nullopt;
    const auto bytes = std::as_writable_bytes(std::span(&value, 1));
    return memory_.read(at->second, bytes) == bytes.size() ? std::optional(value) : std::nullopt;
  }

  /// Offset of a field within the entries of a table.
  std::optional<uint64_t> offset(const std::string& name, const Table& table) {
    const auto value = exported(name);
    return value && *value <= table.stride - 8 ? value : std::nullopt;  // a stride is 16 or more
  }

  /// Up to the entry whose first name is null.
  std::optional<Table> table(const std::string& start_name, const std::string& stride_name) {
    const auto start = exported(start_name);
    const auto stride = exported(stride_name);
    if (!start || !stride || *stride < 16 || *stride > kMostEntryBytes || *start == 0) return std::nullopt;
    Table found;
    found.stride = static_cast<size_t>(*stride);
    found.bytes.resize(kMostEntries * found.stride);
    found.bytes.resize(memory_.read(*start, found.bytes) / found.stride * found.stride);
    size_t count = 0;
    while (count < found.count() && found.word(count, 0) != 0) count++;
    // The end must be there, else this is something else.
    if (count == 0 || count == found.count()) return std::nullopt;
    found.bytes.resize(count * found.stride);
    return found;
  }

  std::string text(uint64_t address) {
    std::string text;
    for (; address != 0 && text.size() < kMostNameBytes; address++) {
      const auto& page = page_of(address);
      const size_t at = address % kPageBytes;
      if (at >= page.size() || page[at] == std::byte{0}) break;
      text.push_back(static_cast<char>(page[at]));
    }
    return text;
  }

 private:
  const std::vector<std::byte>& page_of(uint64_t address) {
    const auto [page, is_new] = pages_.try_emplace(address / kPageBytes);
    if (is_new) {
      page->second.resize(kPageBytes);
      page->second.resize(memory_.read(address / kPageBytes * kPageBytes, page->second));
    }
    return page->second;
  }

  const Exports& exports_;
  HeapSource& memory_;
  std::unordered_map<uint64_t, std::vector<std::byte>> pages_;
};

std::optional<HotSpotStructs> HotSpotStructs::read(const Exports& exports, HeapSource& memory) {
  Reader reader(exports, memory);
  HotSpotStructs found;
  const std::string entry = "gHotSpotVMStructEntry";
  const auto structs = reader.table("gHotSpotVMStructs", entry + "ArrayStride");
  if (!structs) return std::nullopt;
  const auto type_name = reader.offset(entry + "TypeNameOffset", *structs);
  const auto field_name = reader.offset(entry + "FieldNameOffset", *structs);
  const auto type_string = reader.offset(entry + "TypeStringOffset", *structs);
  const auto is_static = reader.offset(entry + "IsStaticOffset", *structs);
  const auto offset = reader.offset(entry + "OffsetOffset", *structs);
  const auto address = reader.offset(entry + "AddressOffset", *structs);
  if (!type_name || !field_name || !type_string || !is_static || !offset || !address) return std::nullopt;
  for (size_t i = 0; i < structs->count(); i++) {
    Field field;
    field.is_static = structs->word(i, *is_static, 4) != 0;
    field.at = structs->word(i, field.is_static ? *address : *offset);
    field.bytes = bytes_of(reader.text(structs->word(i, *type_string)));
    const std::string name = reader.text(structs->word(i, *type_name)) + "." + reader.text(structs->word(i, *field_name));
    found.fields_.emplace(name, field);
  }
  const auto types = reader.table("gHotSpotVMTypes", "gHotSpotVMTypeEntryArrayStride");
  if (!types) return std::nullopt;
  const auto name_offset = reader.offset("gHotSpotVMTypeEntryTypeNameOffset", *types);
  const auto size_offset = reader.offset("gHotSpotVMTypeEntrySizeOffset", *types);
  if (!name_offset || !size_offset) return std::nullopt;
  for (size_t i = 0; i < types->count(); i++) {
    found.sizes_.emplace(reader.text(types->word(i, *name_offset)), types->word(i, *size_offset));
  }
  const auto integers = reader.table("gHotSpotVMIntConstants", "gHotSpotVMIntConstantEntryArrayStride");
  const auto value_offset = reader.exported("gHotSpotVMIntConstantEntryValueOffset");
  if (!integers || !value_offset || *value_offset > integers->stride - 4) return std::nullopt;
  for (size_t i = 0; i < integers->count(); i++) {
    const auto value = static_cast<int32_t>(integers->word(i, *value_offset, 4));
    found.constants_.emplace(reader.text(integers->word(i, 0)), value);
  }
  return found;
}

std::optional<HotSpotStructs::Field> HotSpotStructs::field(std::string_view name) const {
  const auto found = fields_.find(std::string(name));
  return found == fields_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<uint64_t> HotSpotStructs::size(std::string_view type) const {
  const auto found = sizes_.find(std::string(type));
  return found == sizes_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> HotSpotStructs::constant(std::string_view name) const {
  const auto found = constants_.find(std::string(name));
  return found == constants_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace prof
