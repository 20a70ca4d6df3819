#include "capture/running_threads.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr size_t kStackBytes = 65536;
/// A pid no process can have: the kernel looks at the permission of the call before it looks for the pid.
constexpr pid_t kNoSuchPid = 0x3ffffffe;

bool may_stop(pid_t pid) {
  // The stops of a child of ours would be taken by Node's own wait for its end: it would never run on.
  if (parent_of(pid) == getpid()) return false;
  return ptrace(PTRACE_SEIZE, kNoSuchPid, nullptr, nullptr) == 0 || errno == ESRCH;
}

}  // namespace

void RunningThreads::open(const EngineConfig& config) {
  pid_ = config.pid;
  python_ = config.python;
  perf_ = std::make_unique<PerfEngine>();
  // Events for some of the threads would show the others without a stack.
  const bool is_refused = perf_->open(config).has_value() || perf_->limits().threads_refused > 0;
  if (is_refused) perf_.reset();
  source_ = perf_ ? RunningStacks::events : may_stop(pid_) ? RunningStacks::stops : RunningStacks::none;
}

void RunningThreads::arm() {
  if (perf_) perf_->arm();
}

void RunningThreads::disarm() {
  if (perf_) perf_->disarm();
}

void RunningThreads::collect() {
  if (perf_) perf_->drain(*this);
  release_late_stops(late_);
}

void RunningThreads::on_sample(const RawSample& sample) {
  KeptSample kept;
  kept.sample = sample;
  kept.stack.assign(sample.stack.begin(), sample.stack.end());
  kept.kernel_ips.assign(sample.kernel_ips.begin(), sample.kernel_ips.end());
  kept.sample.stack = {};
  kept.sample.kernel_ips = {};
  kept.sample.user_ips = {};
  kept.sample.frame_pointer_ips = {};
  samples_[sample.tid].push_back(std::move(kept));
}

std::vector<KeptSample> RunningThreads::take(pid_t tid) {
  const auto found = samples_.find(tid);
  if (found == samples_.end()) return {};
  std::vector<KeptSample> taken = std::move(found->second);
  samples_.erase(found);
  return taken;
}

std::optional<KeptSample> RunningThreads::stop(pid_t tid) {
  if (source_ != RunningStacks::stops) return std::nullopt;
  Snapshot snapshot;
  int error = 0;
  if (snapshot_thread(pid_, tid, kStackBytes, python_, snapshot, late_, error) != StopOutcome::taken) {
    return std::nullopt;
  }
  KeptSample kept;
  kept.sample.has_registers = true;
  kept.sample.in_kernel = snapshot.in_syscall;
  kept.sample.kernel_unseen = true;
  kept.sample.registers = snapshot.registers;
  kept.stack = std::move(snapshot.stack);
  kept.python = std::move(snapshot.python);
  return kept;
}

}  // namespace prof
