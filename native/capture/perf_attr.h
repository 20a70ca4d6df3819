// The perf_event_attr of our events, and what older kernels do not know of it.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>

#include "capture/engine.h"

namespace prof {

/// The 20 general registers of x86-64 in perf's numbering: AX BX CX DX SI DI BP SP IP FLAGS CS SS, R8 to R15.
inline constexpr uint64_t kPerfRegsMask = 0xff0fff;

/// Which optional parts the running kernel accepts; found by trying, newest first.
struct PerfFeatures {
  bool sample_read = true;     // READ in samples of inherited events: kernel 6.13
  bool inherit_thread = true;  // kernel 5.13; without it children are followed too and their records dropped
  bool use_clockid = true;     // kernel 4.1

  /// Drops the newest feature still on; false when none is left.
  bool drop_newest();
};

perf_event_attr make_perf_attr(const EngineConfig& config, const PerfFeatures& features);

/// perf_event_open(2); the descriptor, or -errno.
int perf_event_open(perf_event_attr attr, pid_t tid, int cpu);

}  // namespace prof
