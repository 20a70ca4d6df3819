// Bodies of the demo's functions. The loops are opaque to the optimiser, so that they are neither folded nor
// vectorised and their shares follow the round counts.
#include "demo/work.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

static constexpr auto kPhase = std::chrono::seconds(10);
static constexpr std::array<Mix, 3> kPhases = {{
    {350'000, 180'000, 500'000, 700'000, 512 * 1024},        // pages: rendering leads
    {250'000, 120'000, 120'000, 250'000, 24 * 1024 * 1024},  // downloads: the kernel leads
    {500'000, 1'500'000, 180'000, 300'000, 512 * 1024},      // searches: the index leads
}};

[[gnu::always_inline]] static inline uint64_t spin(uint64_t seed, uint32_t rounds) {
  for (uint32_t i = 0; i < rounds; i++) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(seed));
  }
  return seed;
}

DEMO_FRAME static uint64_t split_headers(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

DEMO_FRAME static uint64_t parse_request(uint64_t seed, uint32_t rounds) {
  return split_headers(spin(seed, rounds / 3), rounds - rounds / 3) + 1;
}

DEMO_FRAME static uint64_t compare_keys(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

DEMO_FRAME static uint64_t walk_index(uint64_t seed, uint32_t rounds) {
  return compare_keys(spin(seed, rounds / 4), rounds - rounds / 4) + 1;
}

DEMO_FRAME static uint64_t search_index(uint64_t seed, uint32_t rounds) {
  return walk_index(spin(seed, rounds / 10), rounds - rounds / 10) + 1;
}

DEMO_FRAME static uint64_t escape_html(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

DEMO_FRAME static uint64_t render_row(uint64_t seed, const Mix& mix) {
  return escape_html(spin(seed, mix.render_rounds / 2), mix.escape_rounds) + 1;
}

DEMO_FRAME static uint64_t render_page(uint64_t seed, const Mix& mix) {
  return render_row(spin(seed, mix.render_rounds / 2), mix) + 1;
}

DEMO_FRAME static uint64_t fetch_block(int zero_fd, uint32_t wanted) {
  std::array<char, 64 * 1024> block;
  uint64_t got = 0;
  while (got < wanted) {
    const ssize_t n = read(zero_fd, block.data(), block.size());
    if (n <= 0) break;
    got += static_cast<uint64_t>(n);
  }
  return got;
}

DEMO_FRAME static uint64_t write_log_line(int log_fd, uint64_t value) {
  std::array<char, 128> line;
  line.fill(static_cast<char>('a' + value % 26));
  line.back() = '\n';
  // The pipe does not block: a full log loses lines, a demo must not stall.
  const ssize_t n = write(log_fd, line.data(), line.size());
  return static_cast<uint64_t>(n);
}

DEMO_FRAME static uint64_t match_longest(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

DEMO_FRAME static uint64_t emit_codes(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

DEMO_FRAME static uint64_t digest_line(uint64_t seed, uint32_t rounds) { return spin(seed, rounds); }

Mix current_mix() {
  static const auto start = std::chrono::steady_clock::now();
  const auto phase = (std::chrono::steady_clock::now() - start) / kPhase;
  return kPhases[static_cast<size_t>(phase) % kPhases.size()];
}

DEMO_FRAME void handle_request(const Mix& mix, int zero_fd, int log_fd) {
  uint64_t value = parse_request(1, mix.parse_rounds);
  value = search_index(value, mix.search_rounds);
  value += fetch_block(zero_fd, mix.fetch_bytes);
  value = render_page(value, mix);
  for (int i = 0; i < 8; i++) value += write_log_line(log_fd, value);
  asm volatile("" : : "r"(value));
}

DEMO_FRAME void compress_block(uint32_t rounds) {
  uint64_t value = match_longest(1, rounds - rounds / 4);
  value = emit_codes(value, rounds / 4);
  asm volatile("" : : "r"(value));
}

DEMO_FRAME void drain_log(int log_fd) {
  std::array<char, 4096> lines;
  ssize_t n = read(log_fd, lines.data(), lines.size());
  while (n > 0) {
    const uint64_t value = digest_line(static_cast<uint64_t>(n), 2'000);
    asm volatile("" : : "r"(value));
    n = read(log_fd, lines.data(), lines.size());
  }
}
