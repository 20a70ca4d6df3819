#include "runtime/go_version.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "runtime/elf_tables.h"

namespace prof {
namespace {

constexpr std::string_view kSection = ".go.buildinfo";
constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr size_t kFlags = 15;
// Since Go 1.18 the version follows, with its length before it; before, the head has its address.
constexpr uint8_t kIsInline = 2;
constexpr size_t kLength = 32;
constexpr uint64_t kMostNameBytes = 1 << 16;

std::optional<Elf64_Shdr> find_section(const ByteSource& file) {
  Elf64_Ehdr header{};
  if (file.read_at(0, std::as_writable_bytes(std::span(&header, 1))) != sizeof header) return std::nullopt;
  const auto sections = read_elf_table<Elf64_Shdr>(file, header.e_shoff, header.e_shnum);
  if (header.e_shstrndx >= sections.size()) return std::nullopt;
  const Elf64_Shdr& strings = sections[header.e_shstrndx];
  const auto names = read_elf_table<char>(file, strings.sh_offset, std::min(strings.sh_size, kMostNameBytes));
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_name >= names.size()) continue;
    const std::string_view rest(names.data() + section.sh_name, names.size() - section.sh_name);
    if (rest.substr(0, rest.find('\0')) == kSection) return section;
  }
  return std::nullopt;
}

}  // namespace

std::string read_go_version(const ByteSource& file) {
  const auto section = find_section(file);
  if (!section) return {};
  std::array<char, 128> head{};
  const size_t got = file.read_at(section->sh_offset, std::as_writable_bytes(std::span(head)));
  const std::string_view text(head.data(), got);
  if (got <= kLength || !text.starts_with(kMagic) || (text[kFlags] & kIsInline) == 0) return "Go";
  const std::string_view version = text.substr(kLength + 1, static_cast<uint8_t>(text[kLength]));
  const size_t end = std::min(version.find_first_not_of("0123456789.", 2), version.size());
  return version.starts_with("go1.") ? "Go " + std::string(version.substr(2, end - 2)) : "Go";
}

}  // namespace prof
