#include "runtime/v8_symbols.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "runtime/elf_names.h"
#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr std::string_view kConstant = "v8dbg_";
constexpr std::string_view kVersion = "_ZN2v88internal7Version";
constexpr std::string_view kNodeMetadata = "_ZN4node11per_process8metadataE";
constexpr std::array kWanted = {kConstant, kVersion, kNodeMetadata};
constexpr std::string_view kAnyV8 = "_ZN2v8";
constexpr size_t kMostSegments = 1024;

std::vector<Elf64_Phdr> read_segments(const ByteSource& file) {
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return {};
  return read_elf_table<Elf64_Phdr>(file, header.e_phoff, std::min<size_t>(header.e_phnum, kMostSegments));
}

/// An int of a loaded segment. Beyond the bytes in the file (.bss) it is 0.
std::optional<int32_t> read_int(const ByteSource& file, std::span<const Elf64_Phdr> segments, uint64_t address) {
  for (const Elf64_Phdr& segment : segments) {
    const uint64_t inside = address - segment.p_vaddr;
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr || inside >= segment.p_memsz) continue;
    int32_t value = 0;
    if (inside + sizeof value > segment.p_filesz) return value;
    const size_t got = file.read_at(segment.p_offset + inside, std::as_writable_bytes(std::span(&value, 1)));
    return got == sizeof value ? std::optional(value) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int32_t> V8Symbols::find(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::string V8Symbols::version() const {
  std::string version;
  for (const char* const part : {"6major_E", "6minor_E", "6build_E"}) {
    const auto found = version_.find(part);
    if (found == version_.end()) return {};
    version += (version.empty() ? "" : ".") + std::to_string(found->second);
  }
  return version;
}

void V8Symbols::add(std::string_view symbol, int32_t value) {
  if (symbol.starts_with(kVersion)) {
    version_.emplace(symbol.substr(kVersion.size()), value);
    return;
  }
  const std::string_view name = symbol.substr(kConstant.size());
  values_.emplace(name.substr(0, name.rfind("__")), value);
}

std::optional<V8Symbols> read_v8_symbols(const ByteSource& file) {
  const auto names = ElfNames::open(file);
  if (!names) return std::nullopt;
  const auto symbols = names->find(SHT_DYNSYM, kWanted);
  // Most files are not V8 at all.
  if (symbols.empty() && !names->hold(SHT_DYNSYM, kAnyV8)) return std::nullopt;
  const auto segments = read_segments(file);
  V8Symbols found;
  for (const NamedElfSymbol& symbol : symbols) {
    if (symbol.name == kNodeMetadata) found.set_node_metadata(symbol.va);
    if (symbol.name.starts_with(kNodeMetadata)) continue;
    if (const auto value = read_int(file, segments, symbol.va)) found.add(symbol.name, *value);
  }
  return found;
}

}  // namespace prof
