#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/process_end.h"

namespace prof {
namespace {

constexpr int kDrainIntervalMs = 50;
// Of a target whose code comes and goes.
constexpr int kRestlessIntervalMs = 5;
// With a ring that cannot wake us any more we look in more often.
constexpr int kUnwakeableIntervalMs = 10;
// A new engine's first samples are wanted at once: their modules, names and holes in stacks are met for the first time.
constexpr int kFirstIntervalMs = 4;
// Each settling reads a file per thread: often while that is cheap, for the sake of a true live figure.
constexpr uint64_t kSettleIntervalNs = 250'000'000;
constexpr uint64_t kCrowdedSettleIntervalNs = 1'000'000'000;
constexpr size_t kCrowd = 64;
constexpr uint64_t kSecondNs = 1'000'000'000;
// Copies end too early in more than 1 % of at least this many samples, and not by one odd stack: copy more. 65528
// is the most perf takes (a u16 record size, and the size must be a multiple of 8).
constexpr uint64_t kGrowthWindow = 50;
constexpr uint64_t kGrowthCopiesEnded = 3;
constexpr uint32_t kLargestStackCopy = 65528;

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

/// Signals belong to the JavaScript thread: a handler of Node must never run here.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  // A fault whose signal is blocked kills at once; the terminal's guard must see it.
  for (const int fault : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}) sigdelset(&all, fault);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Session::Session(pid_t pid)
    : pid_(pid),
      start_ns_(monotonic_ns()),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      exit_(open_pidfd(pid)),
      pipeline_(pid, start_ns_),
      thread_([this] { run(); }) {}

Session::~Session() {
  stop();
  ends_ = true;
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

SessionState Session::state() {
  const std::lock_guard lock(mutex_);
  return published_;
}

void Session::on_drain_thread(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  work_done_.wait(lock, [this] { return pending_work_ == nullptr; });
  pending_work_ = &work;
  eventfd_write(wake_.get(), 1);
  work_done_.wait(lock, [this, &work] { return pending_work_ != &work; });
}

void Session::run_pending_work() {
  const std::function<void()>* work = nullptr;
  {
    const std::lock_guard lock(mutex_);
    work = pending_work_;
  }
  if (work == nullptr) return;
  (*work)();
  const std::lock_guard lock(mutex_);
  pending_work_ = nullptr;
  work_done_.notify_all();
}

void Session::run() {
  block_all_signals();
  while (!ends_) {
    wait_for_data();
    run_pending_work();
    if (engine_) tick();
  }
}

void Session::wait_for_data() {
  std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}};
  int timeout_ms = -1;
  if (engine_) {
    if (exit_.valid() && !has_exited_) fds.push_back({exit_.get(), POLLIN, 0});
    for (const int fd : polled_) fds.push_back({fd, POLLIN, 0});
    timeout_ms = polled_.size() == engine_->wake_fds().size() ? drain_interval_ms() : kUnwakeableIntervalMs;
  }
  poll(fds.data(), fds.size(), timeout_ms);
  // A ring's descriptor hangs up for ever once its first thread has ended, though others still fill the ring.
  for (const pollfd& fd : fds) {
    if ((fd.revents & (POLLHUP | POLLERR)) != 0) std::erase(polled_, fd.fd);
  }
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
}

/// Grows with the age of the engine, so that its start costs a handful of wake-ups more.
int Session::drain_interval_ms() const {
  const uint64_t age_ms = (monotonic_ns() - drained_from_ns_) / 1'000'000;
  const int longest_ms = pipeline_.is_restless() ? kRestlessIntervalMs : kDrainIntervalMs;
  return static_cast<int>(std::clamp<uint64_t>(age_ms / 2, kFirstIntervalMs, longest_ms));
}

void Session::tick() {
  engine_->drain(pipeline_);
  limits_ = engine_->limits();
  pipeline_.follow_mappings();
  look_for_exec();
  const uint64_t now = monotonic_ns();
  const uint64_t interval = pipeline_.thread_count() > kCrowd ? kCrowdedSettleIntervalNs : kSettleIntervalNs;
  if (!has_exited_ && now - last_settle_ns_ >= interval) {
    last_settle_ns_ = now;
    settle();
    look_for_failure();
  }
  if (!has_exited_ && may_reopen_) grow_stack_copies();
  if (!has_exited_ && may_reopen_) follow_frame_pointers();
  if (!engine_) return publish();
  if (!has_exited_ && now - paired_at_ns_ >= kSecondNs) pair_clocks();
  pollfd exited{exit_.get(), POLLIN, 0};
  const bool is_gone = exit_.valid() ? poll(&exited, 1, 0) == 1 : has_ended(pid_);
  if (is_gone && !has_exited_) finish_target();
  if (!has_exited_) read_cpu_clock();
  publish();
}

void Session::finish_target() {
  has_exited_ = true;
  engine_->drain(pipeline_);
  engine_->finish(pipeline_);
  const uint64_t counted = engine_->counted_ns();
  if (process_cpu_ns(pid_)) {
    read_cpu_clock();
  } else if (counted > paired_counted_ns_) {
    // The parent has reaped it and the clock is gone; the events have counted on to its end.
    cpu_ns_ = std::max(cpu_ns_, paired_cpu_ns_ + counted - paired_counted_ns_);
  } else if (counted == 0) {
    // What the clocks of its threads said was used.
    cpu_ns_ = std::max(cpu_ns_, engine_base_ns_ - cpu_base_ns_ + pipeline_.carried_ns());
  }
  const bool sees_all = carries_all(kind_) && engine_->loss().lost == 0 && limits_.threads_refused == 0;
  if (sees_all) pipeline_.close_accounts(cpu_ns_ + cpu_base_ns_ - engine_base_ns_, longest_rest_ns());
}

/// Less than a period on each CPU that a thread ran on, and as much again for what its events do not count.
uint64_t Session::longest_rest_ns() const {
  constexpr uint64_t kFloorNs = 50'000'000;  // at high rates the moment between two settlings is the longer part
  return std::max(kFloorNs, config_.period_ns * 2 * (std::thread::hardware_concurrency() + 1));
}

void Session::settle() {
  const uint64_t cpu_ns = process_cpu_ns(pid_).value_or(engine_base_ns_);
  settle(pipeline_.read_thread_clocks(), cpu_ns);
}

void Session::settle(const std::vector<ThreadClock>& clocks, uint64_t cpu_ns) {
  // What an engine leaves out on purpose is not a rest of any stack.
  if (!carries_all(kind_)) return;
  const uint64_t lost = engine_->loss().lost;
  pipeline_.settle_threads(clocks, lost != lost_at_settle_, cpu_ns - std::min(cpu_ns, engine_base_ns_),
                           longest_rest_ns(), engine_->tells_thread_ends());
  lost_at_settle_ = lost;
}

void Session::look_for_failure() {
  const auto seen = engine_->failure();
  if (seen && suspected_) failure_ = seen;
  suspected_ = seen;
}

/// An exec is certain at once, and the new program runs unseen until another engine is in it.
void Session::look_for_exec() {
  const auto seen = engine_->failure();
  if (seen && seen->syscall == kExecFailure) failure_ = seen;
}

void Session::grow_stack_copies() {
  const PipelineCounts counts = pipeline_.counts();
  const uint64_t samples = counts.samples - counts_at_growth_.samples;
  if (samples < kGrowthWindow) return;
  const uint64_t ended = counts.copy_ended - counts_at_growth_.copy_ended;
  if (ended < kGrowthCopiesEnded && samples < kGrowthWindow * 10) return;
  counts_at_growth_ = counts;
  // Short of descriptors, a second set of events would follow fewer threads.
  const bool has_fixed_copies = kind_ == EngineKind::snapshots || kind_ == EngineKind::wall;
  const bool is_fixed =
      has_fixed_copies || config_.stack_bytes >= kLargestStackCopy || limits_.threads_refused > 0;
  if (ended * 100 <= samples || is_fixed) return;
  EngineConfig larger = config_;
  larger.stack_bytes = std::min(config_.stack_bytes * 2, kLargestStackCopy);
  reopen_engine(larger);
}

/// Where a thread's stack ends and a goroutine's goes on, which has gone on itself when a sample is read: the kernel walks
/// over to it at the sample. Short of descriptors, a second set of events would follow fewer threads.
void Session::follow_frame_pointers() {
  const bool is_perf = kind_ == EngineKind::perf || kind_ == EngineKind::perf_user_only;
  if (!engine_ || !is_perf || config_.follows_frame_pointers || limits_.threads_refused > 0) return;
  if (pipeline_.stack_switches() == 0) return;
  EngineConfig following = config_;
  following.follows_frame_pointers = true;
  reopen_engine(following);
}

/// Refused (no locked memory for a second set of rings, say): the running engine goes on as it is.
void Session::reopen_engine(const EngineConfig& config) {
  const bool is_ctimer = kind_ == EngineKind::ctimer;
  const auto refusal = (is_ctimer ? replace_ctimer(config, span_) : open_engine(kind_, config, span_)).refusal;
  if (refusal) may_reopen_ = false;
}

/// Reading the clocks of many threads takes a while in which they run on, on a busy machine a long while: the process
/// clock that belongs to those readings is the one half-way. Where that says too little they are read again.
std::optional<uint64_t> Session::clock_around(const std::function<void()>& read_threads) const {
  constexpr uint64_t kSureNs = 4'000'000;
  constexpr int kMostTries = 4;
  for (int tries = 1;; tries++) {
    const auto before = process_cpu_ns(pid_);
    read_threads();
    const auto after = process_cpu_ns(pid_);
    if (!before || !after) return std::nullopt;
    if (*after - *before <= kSureNs || tries == kMostTries) return *before + (*after - *before) / 2;
  }
}

void Session::read_cpu_clock() {
  if (const auto clock = process_cpu_ns(pid_)) cpu_ns_ = brought_up_to_date(*clock) - cpu_base_ns_;
}

/// A process clock with timers of ours on it is brought up to date at ticks only (proc_sample_cputime_atomic,
/// kernel/time/posix-cpu-timers.c); the clock that a thread reads of itself is exact, and runs ahead by up to a tick
/// on each CPU.
uint64_t Session::brought_up_to_date(uint64_t clock_ns) const {
  constexpr uint64_t kLongestTickNs = 10'000'000;
  if (!engine_ || engine_->tells_thread_ends()) return clock_ns;
  const uint64_t latest = clock_ns + kLongestTickNs * std::thread::hardware_concurrency();
  return std::clamp(engine_base_ns_ + pipeline_.carried_ns(), clock_ns, latest);
}

void Session::pair_clocks() {
  paired_at_ns_ = monotonic_ns();
  read_cpu_clock();
  paired_cpu_ns_ = cpu_ns_;
  paired_counted_ns_ = engine_->counted_ns();
}

SessionState Session::make_state() const {
  SessionState state;
  state.has_exited = has_exited_;
  state.failure = failure_;
  state.elapsed_ns = stopped_ns_.value_or(monotonic_ns()) - start_ns_;
  state.cpu_ns = cpu_ns_;
  state.stack_bytes = config_.stack_bytes;
  state.counts = pipeline_.counts();
  state.runtime = pipeline_.runtime();
  state.loss = engine_ ? closed_loss_ + engine_->loss() : closed_loss_;
  state.limits = engine_ ? engine_->limits() : limits_;
  return state;
}

void Session::publish() {
  // Before the counts: who reads them finds the rows that they count.
  pipeline_.hand_over();
  const SessionState state = make_state();
  const std::lock_guard lock(mutex_);
  published_ = state;
}

}  // namespace prof
