#include "capture/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include "base/unique_mmap.h"
#include "capture/perf_attr.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr size_t kUsualRingPages = 512;
// Enough for any process that can be followed at all; each try costs a system call.
constexpr size_t kMostDescriptors = 65536;

size_t cpu_count() { return static_cast<size_t>(sysconf(_SC_NPROCESSORS_CONF)); }

int try_open_files(pid_t pid) {
  const UniqueFd first(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!first.valid()) return errno;
  std::vector<UniqueFd> taken;
  const size_t wanted = std::min(list_threads(pid).size() * cpu_count(), kMostDescriptors);
  while (taken.size() < wanted) {
    UniqueFd fd(fcntl(first.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd.valid()) return errno;
    taken.push_back(std::move(fd));
  }
  return 0;
}

int open_event_on_self(int cpu) {
  EngineConfig config;
  config.period_ns = 10'000'000;
  config.user_only = true;
  PerfFeatures features;
  for (;;) {
    const int fd = perf_event_open(make_perf_attr(config, features), 0, cpu);
    if (fd != -EINVAL || !features.drop_newest()) return fd;
  }
}

int try_locked_memory() {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t size = (kUsualRingPages + 1) * page;
  std::vector<UniqueFd> events;
  std::vector<UniqueMmap> rings;
  for (size_t cpu = 0; cpu < cpu_count(); cpu++) {
    const int fd = open_event_on_self(static_cast<int>(cpu));
    if (fd == -ENODEV) continue;  // this CPU is offline
    if (fd < 0) return -1;
    events.emplace_back(fd);
    void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return errno;
    rings.emplace_back(base, size);
  }
  return 0;
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<UniqueFd> reserve_descriptors() {
  constexpr size_t kReserved = 16;
  std::vector<UniqueFd> reserved;
  for (size_t i = 0; i < kReserved; i++) reserved.emplace_back(eventfd(0, EFD_CLOEXEC));
  return reserved;
}

LimitProbe probe_limits(pid_t pid) {
  raise_descriptor_limit();
  return {try_open_files(pid), try_locked_memory()};
}

}  // namespace prof
