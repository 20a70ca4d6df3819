#include "capture/probe.h"

#include <errno.h>
#include <sys/ptrace.h>

#include "base/unique_fd.h"
#include "capture/perf_attr.h"
#include "capture/thread_look.h"

namespace prof {
namespace {

int try_perf(pid_t pid, bool user_only) {
  EngineConfig config;
  config.period_ns = 10'000'000;
  config.user_only = user_only;
  PerfFeatures features;
  for (;;) {
    // CPU -1 with inherit cannot be sampled but can be opened: enough to learn what the kernel says.
    const int fd = perf_event_open(make_perf_attr(config, features), pid, -1);
    if (fd >= 0) {
      UniqueFd(fd).reset();
      return 0;
    }
    if (fd != -EINVAL || !features.drop_newest()) return -fd;
  }
}

/// A pid no process can have: the kernel looks at the permission of the call before it looks for the pid.
constexpr pid_t kNoSuchPid = 0x3ffffffe;

int try_ptrace_call() {
  if (ptrace(PTRACE_SEIZE, kNoSuchPid, nullptr, nullptr) == 0) return 0;
  return errno == ESRCH ? 0 : errno;
}

}  // namespace

Probe probe(pid_t pid) {
  Probe result;
  result.full_self = try_perf(0, false);
  result.user_self = try_perf(0, true);
  result.full_target = try_perf(pid, false);
  result.user_target = try_perf(pid, true);
  result.ptrace = try_ptrace_call();
  result.read_memory = memory_refused(pid);
  return result;
}

}  // namespace prof
