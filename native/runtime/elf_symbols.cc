#include "runtime/elf_symbols.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr size_t kMostSections = 65535;
constexpr size_t kMostSegments = 1024;

std::optional<Elf64_Ehdr> read_header(const ByteSource& file) {
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return std::nullopt;
  const bool is_elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64;
  return is_elf ? std::optional(header) : std::nullopt;
}

using Found = std::vector<std::optional<ElfSymbol>>;

void find_in(const ByteSource& file, std::span<const Elf64_Shdr> sections, const Elf64_Shdr& table,
             std::span<const std::string_view> wanted, Found& found) {
  if (table.sh_link >= sections.size()) return;
  const Elf64_Shdr& strings = sections[table.sh_link];
  const auto names = read_elf_table<char>(file, strings.sh_offset, strings.sh_size);
  // Most files have none of them: their symbols need not be looked at.
  if (std::string_view(names.data(), names.size()).find(wanted.front()) == std::string_view::npos) return;
  for (const auto& symbol : read_elf_table<Elf64_Sym>(file, table.sh_offset, table.sh_size / sizeof(Elf64_Sym))) {
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const auto place = std::find(wanted.begin(), wanted.end(), elf_name_at(names, symbol.st_name));
    if (place == wanted.end()) continue;
    auto& slot = found[static_cast<size_t>(place - wanted.begin())];
    if (!slot) slot = ElfSymbol{symbol.st_value, symbol.st_size};
  }
}

}  // namespace

std::vector<std::optional<ElfSymbol>> find_elf_symbols(const ByteSource& file, std::span<const std::string_view> names) {
  const auto header = read_header(file);
  if (!header || header->e_shentsize != sizeof(Elf64_Shdr)) return {};
  const auto sections = read_elf_table<Elf64_Shdr>(file, header->e_shoff, std::min<size_t>(header->e_shnum, kMostSections));
  Found found(names.size());
  for (const uint32_t type : {SHT_DYNSYM, SHT_SYMTAB}) {
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type == type) find_in(file, sections, section, names, found);
    }
  }
  if (!found.front()) return {};
  return found;
}

bool read_elf_bytes(const ByteSource& file, uint64_t va, std::span<std::byte> bytes) {
  const auto header = read_header(file);
  if (!header) return false;
  const auto count = std::min<size_t>(header->e_phnum, kMostSegments);
  for (const auto& segment : read_elf_table<Elf64_Phdr>(file, header->e_phoff, count)) {
    const uint64_t inside = va - segment.p_vaddr;
    if (segment.p_type != PT_LOAD || va < segment.p_vaddr || inside >= segment.p_filesz) continue;
    if (bytes.size() > segment.p_filesz - inside) continue;
    if (file.read_at(segment.p_offset + inside, bytes) == bytes.size()) return true;
  }
  return false;
}

std::optional<uint64_t> read_elf_word(const ByteSource& file, uint64_t va) {
  uint64_t word = 0;
  return read_elf_bytes(file, va, std::as_writable_bytes(std::span(&word, 1))) ? std::optional(word) : std::nullopt;
}

}  // namespace prof
