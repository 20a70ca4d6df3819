#include "runtime/elf_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr size_t kMostSections = 65535;
constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kLongestName = 1024;
// V8 exports some five hundred; a file that says more lies.
constexpr size_t kMostFound = 1 << 14;

/// Where each of `texts` stands in a part of the file, from its beginning, ascending; at most `most`.
std::vector<uint64_t> places_of(const ByteSource& file, const Elf64_Shdr& part, std::span<const std::string_view> texts,
                                size_t most) {
  std::vector<uint64_t> places;
  if (part.sh_size > kMostElfTableBytes) return places;
  size_t longest = 1;
  for (const std::string_view text : texts) longest = std::max(longest, text.size());
  std::array<char, kPieceBytes> piece;
  // Pieces overlap by what a text that began in the one before may have in the next.
  for (uint64_t at = 0; at < part.sh_size && places.size() < most; at += piece.size() - longest + 1) {
    const size_t wanted = std::min<uint64_t>(piece.size(), part.sh_size - at);
    const size_t got = file.read_at(part.sh_offset + at, std::as_writable_bytes(std::span(piece).first(wanted)));
    for (const std::string_view text : texts) {
      const char* from = piece.data();
      const char* const end = piece.data() + got;
      while (const void* const found = memmem(from, static_cast<size_t>(end - from), text.data(), text.size())) {
        if (places.size() == most) break;
        from = static_cast<const char*>(found);
        places.push_back(at + static_cast<uint64_t>(from++ - piece.data()));
      }
    }
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

std::optional<ElfNames> ElfNames::open(const ByteSource& file) {
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return std::nullopt;
  const bool is_elf = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64;
  if (!is_elf || header.e_shentsize != sizeof(Elf64_Shdr)) return std::nullopt;
  ElfNames names(file);
  names.sections_ = read_elf_table<Elf64_Shdr>(file, header.e_shoff, std::min<size_t>(header.e_shnum, kMostSections));
  return names;
}

std::vector<NamedElfSymbol> ElfNames::find(uint32_t type, std::span<const std::string_view> beginnings) const {
  std::vector<NamedElfSymbol> found;
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type == type) find_in(section, beginnings, found);
  }
  return found;
}

bool ElfNames::hold(uint32_t type, std::string_view text) const {
  return std::any_of(sections_.begin(), sections_.end(), [&](const Elf64_Shdr& section) {
    const Elf64_Shdr* const names = section.sh_type == type ? names_of(section) : nullptr;
    return names != nullptr && !places_of(file_, *names, std::span(&text, 1), 1).empty();
  });
}

const Elf64_Shdr* ElfNames::names_of(const Elf64_Shdr& table) const {
  return table.sh_link < sections_.size() ? &sections_[table.sh_link] : nullptr;
}

void ElfNames::find_in(const Elf64_Shdr& table, std::span<const std::string_view> beginnings,
                       std::vector<NamedElfSymbol>& found) const {
  const Elf64_Shdr* const names = names_of(table);
  if (names == nullptr || table.sh_size > kMostElfTableBytes) return;
  const auto places = places_of(file_, *names, beginnings, kMostFound);
  if (places.empty()) return;
  std::array<Elf64_Sym, kPieceBytes / sizeof(Elf64_Sym)> piece;
  const uint64_t count = table.sh_size / sizeof(Elf64_Sym);
  for (uint64_t at = 0; at < count; at += piece.size()) {
    const auto wanted = std::span(piece).first(std::min<uint64_t>(piece.size(), count - at));
    const size_t got = file_.read_at(table.sh_offset + at * sizeof(Elf64_Sym), std::as_writable_bytes(wanted));
    for (const Elf64_Sym& symbol : wanted.first(got / sizeof(Elf64_Sym))) {
      const bool is_one = std::binary_search(places.begin(), places.end(), uint64_t{symbol.st_name});
      if (!is_one || symbol.st_shndx == SHN_UNDEF || found.size() == kMostFound) continue;
      std::array<char, kLongestName> name;
      const auto room = std::span(name).first(std::min<uint64_t>(name.size(), names->sh_size - symbol.st_name));
      const size_t length = file_.read_at(names->sh_offset + symbol.st_name, std::as_writable_bytes(room));
      found.push_back({std::string(name.data(), strnlen(name.data(), length)), symbol.st_value, symbol.st_size});
    }
  }
}

}  // namespace prof
