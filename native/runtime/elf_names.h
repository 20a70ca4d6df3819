// Symbols of an ELF file by how their names begin. The tables of a large program are ten megabytes and most files have
// none of the names, so they are read through a small buffer. Bounded, whatever the file says.
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {

struct NamedElfSymbol {
  std::string name;
  uint64_t va = 0;
  uint64_t size = 0;
};

class ElfNames {
 public:
  /// Nothing when the file is no ELF file of 64 bits. It must outlive this.
  [[nodiscard]] static std::optional<ElfNames> open(const ByteSource& file);

  /// Defined symbols of the tables of this type (SHT_DYNSYM, SHT_SYMTAB) whose names begin with one of `beginnings`, in
  /// the order of the tables.
  [[nodiscard]] std::vector<NamedElfSymbol> find(uint32_t type, std::span<const std::string_view> beginnings) const;
  /// Whether `text` is anywhere in the names of these tables.
  [[nodiscard]] bool hold(uint32_t type, std::string_view text) const;

 private:
  explicit ElfNames(const ByteSource& file) : file_(file) {}

  [[nodiscard]] const Elf64_Shdr* names_of(const Elf64_Shdr& table) const;
  void find_in(const Elf64_Shdr& table, std::span<const std::string_view> beginnings,
               std::vector<NamedElfSymbol>& found) const;

  const ByteSource& file_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace prof
