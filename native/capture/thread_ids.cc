#include "capture/thread_ids.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr uint64_t kScanIntervalNs = 50'000'000;

}  // namespace

/// Last column of NSpid: the id in the innermost namespace; the first is ours. proc_pid_status(5)
pid_t innermost_id(pid_t pid, pid_t tid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("NSpid:")) continue;
    return std::atoi(line.c_str() + line.find_last_of(" \t"));
  }
  return tid;
}

void ThreadIds::reset(pid_t pid) {
  pid_ = pid;
  known_.clear();
  last_scan_ns_ = 0;
  is_same_namespace_ = innermost_id(pid, pid) == pid;
}

pid_t ThreadIds::seen_from_here(pid_t own_tid) {
  if (is_same_namespace_) return own_tid;
  const auto found = known_.find(own_tid);
  if (found != known_.end()) return found->second;
  if (monotonic_ns() - last_scan_ns_ >= kScanIntervalNs) scan();
  const auto scanned = known_.find(own_tid);
  return scanned == known_.end() ? own_tid : scanned->second;
}

void ThreadIds::scan() {
  last_scan_ns_ = monotonic_ns();
  known_.clear();
  for (const pid_t tid : list_threads(pid_)) known_[innermost_id(pid_, tid)] = tid;
}

}  // namespace prof
