#include "capture/probe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <fstream>
#include <string>

#include "base/unique_fd.h"
#include "capture/perf_attr.h"

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

/// process_vm_readv passes the same access check as PTRACE_ATTACH but stops nobody.
int try_read_memory(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::string line;
  unsigned long address = 0;
  // The file opens for everyone but reads empty or fails without access; any mapped address will do.
  if (!std::getline(maps, line) || sscanf(line.c_str(), "%lx", &address) != 1) return EACCES;
  uint64_t word = 0;
  const iovec local{&word, sizeof word};
  const iovec remote{reinterpret_cast<void*>(address), sizeof word};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0 ? 0 : errno;
}

}  // namespace

Probe probe(pid_t pid) {
  Probe result;
  result.full_self = try_perf(0, false);
  result.user_self = try_perf(0, true);
  result.full_target = try_perf(pid, false);
  result.user_target = try_perf(pid, true);
  result.ptrace = try_ptrace_call();
  result.read_memory = try_read_memory(pid);
  return result;
}

}  // namespace prof
