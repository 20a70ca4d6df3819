#include "runtime/elf_symbols.h"

#include <elf.h>

#include <algorithm>

#include "runtime/elf_names.h"
#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr size_t kMostSegments = 1024;

}  // namespace

std::vector<std::optional<ElfSymbol>> find_elf_symbols(const ByteSource& file, std::span<const std::string_view> names) {
  const auto tables = ElfNames::open(file);
  if (!tables) return {};
  std::vector<std::optional<ElfSymbol>> found(names.size());
  for (const uint32_t type : {SHT_DYNSYM, SHT_SYMTAB}) {
    if (std::all_of(found.begin(), found.end(), [](const auto& each) { return each.has_value(); })) break;
    // Most files have none of them: their names are looked through once.
    if (names.size() > 1 && !tables->hold(type, names.front())) continue;
    for (const NamedElfSymbol& symbol : tables->find(type, names)) {
      const auto place = std::find(names.begin(), names.end(), symbol.name);
      if (place == names.end()) continue;
      auto& slot = found[static_cast<size_t>(place - names.begin())];
      if (!slot) slot = ElfSymbol{symbol.va, symbol.size};
    }
  }
  if (!found.front()) return {};
  return found;
}

bool read_elf_bytes(const ByteSource& file, uint64_t va, std::span<std::byte> bytes) {
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return false;
  const auto count = std::min<size_t>(header.e_phnum, kMostSegments);
  for (const auto& segment : read_elf_table<Elf64_Phdr>(file, header.e_phoff, count)) {
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
