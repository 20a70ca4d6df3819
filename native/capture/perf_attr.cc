#include "capture/perf_attr.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace prof {

bool PerfFeatures::drop_newest() {
  for (bool* feature : {&sample_read, &inherit_thread, &use_clockid}) {
    if (*feature) {
      *feature = false;
      return true;
    }
  }
  return false;
}

perf_event_attr make_perf_attr(const EngineConfig& config, const PerfFeatures& features) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  // CPU time is the promise, and virtual machines often have no hardware counters at all.
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  attr.sample_period = config.period_ns;
  attr.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |
                     PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  if (features.sample_read) {
    attr.sample_type |= PERF_SAMPLE_READ;
  } else {
    attr.sample_type |= PERF_SAMPLE_ID;
  }
  const bool has_user_chain = config.kernel_walks_user || config.follows_frame_pointers;
  if (!config.user_only || has_user_chain) attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_RUNNING | PERF_FORMAT_ID;
  attr.sample_regs_user = kPerfRegsMask;
  attr.sample_stack_user = config.stack_bytes;
  attr.disabled = 1;
  attr.inherit = 1;
  attr.inherit_thread = features.inherit_thread;
  attr.inherit_stat = 1;
  attr.comm = 1;
  attr.comm_exec = 1;
  attr.mmap = 1;
  attr.mmap2 = 1;
  attr.sample_id_all = 1;
  if (features.use_clockid) {
    attr.use_clockid = 1;
    attr.clockid = CLOCK_MONOTONIC;
  }
  // We unwind the user part from the stack copy; the kernel's frame-pointer walk would cost and lie. But it goes on where
  // frame pointers lead to another stack.
  attr.exclude_callchain_user = !has_user_chain;
  attr.exclude_kernel = config.user_only;
  attr.exclude_hv = config.user_only;
  attr.watermark = 1;
  return attr;
}

int perf_event_open(perf_event_attr attr, pid_t tid, int cpu) {
  const long fd = syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

}  // namespace prof
