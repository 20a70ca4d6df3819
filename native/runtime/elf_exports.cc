#include "runtime/elf_exports.h"

#include <span>

#include "runtime/elf_names.h"

namespace prof {

std::unordered_map<std::string, uint64_t> read_exports(const ByteSource& file, std::string_view prefix) {
  std::unordered_map<std::string, uint64_t> found;
  const auto names = ElfNames::open(file);
  if (!names) return found;
  for (const NamedElfSymbol& symbol : names->find(SHT_DYNSYM, std::span(&prefix, 1))) found.emplace(symbol.name, symbol.va);
  return found;
}

}  // namespace prof
