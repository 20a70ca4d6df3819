#include "capture/injector/holes.h"

#include <algorithm>
#include <array>

namespace prof::injector {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kUserEnd = uint64_t{1} << 47;  // above it lies only [vsyscall]

bool ends_in_zeros(const Mapping& mapping, size_t size, const ReadMemory& read) {
  std::array<uint8_t, kPage> page{};
  return read(mapping.hi - kPage, page) &&
         std::all_of(page.end() - static_cast<ptrdiff_t>(size), page.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<uint64_t> find_zero_code(const std::vector<Mapping>& mappings, size_t size, const ReadMemory& read) {
  const size_t rounded = (size + 63) / 64 * 64;
  const auto try_one = [&](const Mapping& mapping) -> std::optional<uint64_t> {
    if (!mapping.is_executable() || mapping.hi > kUserEnd || rounded > kPage) return std::nullopt;
    if (!ends_in_zeros(mapping, rounded, read)) return std::nullopt;
    return mapping.hi - rounded;
  };
  for (const Mapping& mapping : mappings) {
    if (mapping.path != "[vdso]") continue;
    if (const auto hole = try_one(mapping)) return hole;
  }
  for (const Mapping& mapping : mappings) {
    if (mapping.inode == 0) continue;
    if (const auto hole = try_one(mapping)) return hole;
  }
  return std::nullopt;
}

std::optional<uint64_t> find_free_range(const std::vector<Mapping>& mappings, uint64_t size) {
  uint64_t best_lo = 0;
  uint64_t best_size = 0;
  for (size_t i = 1; i < mappings.size(); i++) {
    const uint64_t lo = mappings[i - 1].hi;
    const uint64_t hi = mappings[i].lo;
    if (hi > kUserEnd || hi <= lo || hi - lo <= best_size) continue;
    best_lo = lo;
    best_size = hi - lo;
  }
  if (best_size < size * 16) return std::nullopt;
  const uint64_t address = best_lo + best_size / 8 * 7;
  return address / kPage * kPage;
}

}  // namespace prof::injector
