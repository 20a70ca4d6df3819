// The `tables` command: build time, size and look-up cost per ELF file, and eager tables against slow
// look-ups.
#include <algorithm>
#include <cstdio>
#include <random>

#include "base/clock.h"
#include "proc/elf_image.h"
#include "replay/commands.h"
#include "unwind/cfi_lookup.h"
#include "unwind/cfi_table.h"

namespace prof::replay {
namespace {

constexpr size_t kLookups = 100'000;
constexpr int kBuilds = 3;

double build_ms(const ModuleImage& image) {
  uint64_t best = UINT64_MAX;
  for (int i = 0; i < kBuilds; ++i) {
    const uint64_t start = monotonic_ns();
    const CfiTable table(image);
    best = std::min(best, monotonic_ns() - start);
  }
  return static_cast<double>(best) / 1e6;
}

// Half of the addresses stand near a row, where an off-by-one would show; half are anywhere in the text.
std::vector<uint64_t> random_addresses(const ModuleImage& image, const CfiTable& table) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < kLookups; ++i) {
    const bool is_near = i % 2 == 0 && table.row_count() > 0;
    addresses.push_back(is_near ? table.row_va(random() % table.row_count()) + random() % 4 - 1
                                : image.text_lo + random() % (image.text_hi - image.text_lo));
  }
  return addresses;
}

bool is_same_rule(const ModuleImage& image, const CfiTable& table, const CfiRule* eager,
                  std::optional<CfiRule> slow) {
  if (eager == nullptr || !slow) return (eager == nullptr) == !slow;
  if (eager->cfa == CfaKind::expression && slow->cfa == CfaKind::expression) {
    const auto in_pool = table.expressions().subspan(static_cast<size_t>(eager->cfa_offset), eager->cfa_reg);
    const auto in_section =
        std::span(image.eh_frame.bytes).subspan(static_cast<size_t>(slow->cfa_offset), slow->cfa_reg);
    if (!std::equal(in_pool.begin(), in_pool.end(), in_section.begin(), in_section.end())) return false;
    slow->cfa_offset = eager->cfa_offset;
  }
  return *eager == *slow;
}

size_t count_differences(const ModuleImage& image, const CfiTable& table,
                         std::span<const uint64_t> addresses) {
  size_t differences = 0;
  for (const uint64_t va : addresses) {
    const bool same_rule = is_same_rule(image, table, table.find(va), look_up_rule(image, va));
    const bool same_start = table.function_start(va) == look_up_function_start(image, va);
    if (!same_rule || !same_start) ++differences;
  }
  return differences;
}

template <class Find>
double ns_per_lookup(std::span<const uint64_t> addresses, Find find) {
  volatile bool found = false;  // keeps the loop
  const uint64_t start = monotonic_ns();
  for (const uint64_t va : addresses) found = find(va);
  static_cast<void>(found);
  return static_cast<double>(monotonic_ns() - start) / static_cast<double>(addresses.size());
}

void print_figures(const char* path, const ModuleImage& image) {
  const CfiTable table(image);
  const auto addresses = random_addresses(image, table);
  std::printf("%s build_ms %.2f functions %zu rows %zu rules %zu bytes %zu overflow %zu", path,
              build_ms(image), table.function_count(), table.row_count(), table.rule_count(),
              table.byte_size(), table.overflow_count());
  std::printf(" find_ns %.0f slow_ns %.0f",
              ns_per_lookup(addresses, [&](uint64_t va) { return table.find(va) != nullptr; }),
              ns_per_lookup(addresses, [&](uint64_t va) { return look_up_rule(image, va).has_value(); }));
  std::printf(" compared %zu differences %zu\n", addresses.size(),
              count_differences(image, table, addresses));
}

}  // namespace

int run_tables(Arguments arguments) {
  for (const char* path : arguments) {
    const ElfFile file = open_elf_path(path);
    if (!file.image || file.image->text_hi == 0) {
      std::fprintf(stderr, "%s: not an x86-64 ELF file with code\n", path);
      return 1;
    }
    print_figures(path, *file.image);
  }
  return 0;
}

}  // namespace prof::replay
