#include "runtime/v8_symbols.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr std::string_view kConstant = "v8dbg_";
constexpr std::string_view kVersion = "_ZN2v88internal7Version";
constexpr std::string_view kNodeMetadata = "_ZN4node11per_process8metadataE";
constexpr std::string_view kAnyV8 = "_ZN2v8";
constexpr size_t kMostSections = 65535;
constexpr size_t kMostSegments = 1024;

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
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return std::nullopt;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(Elf64_Shdr)) {
    return std::nullopt;
  }
  const auto sections = read_elf_table<Elf64_Shdr>(file, header.e_shoff, std::min<size_t>(header.e_shnum, kMostSections));
  const auto table = std::find_if(sections.begin(), sections.end(),
                                  [](const Elf64_Shdr& section) { return section.sh_type == SHT_DYNSYM; });
  if (table == sections.end() || table->sh_link >= sections.size()) return std::nullopt;
  const Elf64_Shdr& strings = sections[table->sh_link];
  const auto names = read_elf_table<char>(file, strings.sh_offset, strings.sh_size);
  // Most files are not V8: their symbols need not be looked at.
  if (std::string_view(names.data(), names.size()).find(kAnyV8) == std::string_view::npos) return std::nullopt;
  const auto segments = read_elf_table<Elf64_Phdr>(file, header.e_phoff, std::min<size_t>(header.e_phnum, kMostSegments));
  V8Symbols found;
  for (const Elf64_Sym& symbol : read_elf_table<Elf64_Sym>(file, table->sh_offset, table->sh_size / sizeof(Elf64_Sym))) {
    const std::string_view name = elf_name_at(names, symbol.st_name);
    if (symbol.st_shndx != SHN_UNDEF && name == kNodeMetadata) found.set_node_metadata(symbol.st_value);
    if (symbol.st_shndx == SHN_UNDEF || !(name.starts_with(kConstant) || name.starts_with(kVersion))) continue;
    if (const auto value = read_int(file, segments, symbol.st_value)) found.add(name, *value);
  }
  return found;
}

}  // namespace prof
