// Symbols by the beginnings of their names: wherever the names lie in a large table, and nothing of a damaged file.
#include "runtime/elf_names.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace prof;

constexpr size_t kPieceBytes = 64 << 10;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

struct Symbol {
  uint32_t name;
  uint16_t section;
  uint64_t value;
};

/// An ELF file of a table of symbols and one of names.
std::vector<std::byte> file_of(const std::vector<Symbol>& symbols, const std::string& names) {
  std::vector<Elf64_Sym> table;
  for (const auto& [name, section, value] : symbols) table.push_back({name, 0, 0, section, value, 8});
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  header.e_shoff = sizeof header;
  Elf64_Shdr sections[2]{};
  sections[0].sh_type = SHT_DYNSYM;
  sections[0].sh_link = 1;
  sections[0].sh_offset = sizeof header + sizeof sections;
  sections[0].sh_size = table.size() * sizeof(Elf64_Sym);
  sections[1].sh_type = SHT_STRTAB;
  sections[1].sh_offset = sections[0].sh_offset + sections[0].sh_size;
  sections[1].sh_size = names.size();
  std::vector<std::byte> bytes;
  const auto add = [&bytes](const void* from, size_t size) {
    const auto* const first = static_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), first, first + size);
  };
  add(&header, sizeof header);
  add(sections, sizeof sections);
  add(table.data(), table.size() * sizeof(Elf64_Sym));
  add(names.data(), names.size());
  return bytes;
}

std::string found_in(const std::vector<std::byte>& bytes) {
  const BytesSource file(bytes);
  const auto names = ElfNames::open(file);
  if (!names) return "none";
  const std::string_view wanted[] = {"v8dbg_", "exact"};
  std::string text;
  for (const auto& symbol : names->find(SHT_DYNSYM, wanted)) text += symbol.name + "=" + std::to_string(symbol.va) + " ";
  return text;
}

}  // namespace

int main() {
  std::string names(1, '\0');
  const auto place = [&names](const std::string& name) {
    const size_t at = names.size();
    names += name + '\0';
    return static_cast<uint32_t>(at);
  };
  const uint32_t other = place("other");
  const uint32_t first = place("v8dbg_first");
  // A linker lets one name be the end of another one.
  const uint32_t within = place("_inexact") + 3;
  names.resize(kPieceBytes - 4, 'x');
  names.push_back('\0');
  const uint32_t across = place("v8dbg_across");
  names.resize(kPieceBytes * 3, 'y');
  names.push_back('\0');
  const uint32_t last = place("v8dbg_last");
  const std::vector<Symbol> symbols = {{other, 1, 1},  {first, 1, 2}, {first, SHN_UNDEF, 3},
                                       {within, 1, 4}, {across, 1, 5}, {last, 1, 6}, {0xffff'ffff, 1, 7}};
  const auto whole = file_of(symbols, names);
  expect(found_in(whole) == "v8dbg_first=2 exact=4 v8dbg_across=5 v8dbg_last=6 ", "each name, once, where it is defined");

  const BytesSource source(whole);
  const auto opened = ElfNames::open(source);
  expect(opened && opened->hold(SHT_DYNSYM, "8dbg_acr"), "a text across two pieces is there");
  expect(opened && !opened->hold(SHT_SYMTAB, "v8dbg_"), "a table that is missing holds nothing");

  for (size_t size = 0; size < 400; size++) {
    found_in({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  auto lying = whole;
  std::memset(lying.data() + sizeof(Elf64_Ehdr) + offsetof(Elf64_Shdr, sh_size), 0xff, 8);
  expect(found_in(lying).empty(), "a table larger than can be");
  std::puts("ok");
  return 0;
}
