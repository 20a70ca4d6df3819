#include "runtime/elf_exports.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "runtime/elf_tables.h"

namespace prof {

std::unordered_map<std::string, uint64_t> read_exports(const ByteSource& file, std::string_view prefix) {
  std::unordered_map<std::string, uint64_t> found;
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return found;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return found;
  const auto sections = read_elf_table<Elf64_Shdr>(file, header.e_shoff, header.e_shnum);
  const auto table = std::find_if(sections.begin(), sections.end(),
                                  [](const Elf64_Shdr& section) { return section.sh_type == SHT_DYNSYM; });
  if (table == sections.end() || table->sh_link >= sections.size()) return found;
  const Elf64_Shdr& strings = sections[table->sh_link];
  const auto names = read_elf_table<char>(file, strings.sh_offset, strings.sh_size);
  const std::string_view text(names.data(), names.size());
  if (text.find(prefix) == std::string_view::npos) return found;
  for (const Elf64_Sym& symbol : read_elf_table<Elf64_Sym>(file, table->sh_offset, table->sh_size / sizeof(Elf64_Sym))) {
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= text.size()) continue;
    const std::string_view rest = text.substr(symbol.st_name);
    if (rest.starts_with(prefix)) found.emplace(rest.substr(0, rest.find('\0')), symbol.st_value);
  }
  return found;
}

}  // namespace prof
