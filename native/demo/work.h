// The compute of the demo workload: functions with the names and the shape of a small web server, whose cost is
// set by round counts. They compute nothing of use; each keeps its own frame. No namespaces and no templates here:
// the names are to be read in a narrow column.
#pragma once

#include <cstdint>

// Clones get suffixes (`.isra.0`), inlined functions vanish from the stack, and gcc makes one function of several
// with equal bodies: all of it would blur the tree.
#if defined(__clang__)
#define DEMO_FRAME __attribute__((noinline))
#else
#define DEMO_FRAME __attribute__((noinline, noclone, no_icf))
#endif

/// How much each part of a request costs, in rounds of the loop. Phases differ in nothing else.
struct Mix {
  uint32_t parse_rounds;
  uint32_t search_rounds;
  uint32_t escape_rounds;
  uint32_t render_rounds;
  uint32_t fetch_bytes;
};

/// The mix of the phase that runs now; it changes every ten seconds so that trends have something to show.
[[nodiscard]] Mix current_mix();

/// One request: parse, search or fetch, render, log. `zero_fd` is /dev/zero, `log_fd` the log pipe.
void handle_request(const Mix& mix, int zero_fd, int log_fd);

/// One block of the background compressor.
void compress_block(uint32_t rounds);

/// Reads the log pipe until no line is left and digests it.
void drain_log(int log_fd);
