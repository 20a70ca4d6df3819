#include "capture/snapshot_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr size_t kStackBytes = 65536;
constexpr uint64_t kScanIntervalNs = 100'000'000;
// A debugger that looks in for a moment is no reason to give up.
constexpr uint64_t kPatienceWithRefusalNs = 1'000'000'000;
constexpr timespec kLookInterval{0, 50'000'000};

int timer_signal() { return SIGRTMAX - 1; }

UniqueFd open_task_file(pid_t pid, pid_t tid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/" + name;
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// The start of a /proc file that stays open; empty when its thread is gone.
std::string_view read_again(const UniqueFd& fd, std::array<char, 512>& buffer) {
  const ssize_t size = pread(fd.get(), buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string_view(buffer.data(), static_cast<size_t>(size)) : std::string_view();
}

std::optional<uint64_t> used_ns(const UniqueFd& schedstat) {
  std::array<char, 512> buffer;
  const std::string_view text = read_again(schedstat, buffer);
  uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

struct ThreadState {
  bool is_running = false;
  int cpu = -1;  // where it runs, or ran last
};

/// Fields 3 (state) and 39 (processor) of /proc/…/stat; the name before them may hold spaces and parentheses.
ThreadState state_of(const UniqueFd& stat) {
  std::array<char, 512> buffer;
  std::string_view text = read_again(stat, buffer);
  const size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return {};
  text.remove_prefix(name_end + 2);
  ThreadState state{text[0] == 'R', -1};
  constexpr int kFieldsBetween = 39 - 3;
  for (int i = 0; i < kFieldsBetween; i++) {
    const size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return state;
    text.remove_prefix(blank + 1);
  }
  std::from_chars(text.data(), text.data() + text.size(), state.cpu);
  return state;
}

/// Runs this thread where the target runs. The timer fires in the target's own tick: on the same CPU we take over at
/// that instruction. From another CPU the stop takes an interrupt to arrive; code that makes system calls has entered
/// the next one by then, and user time is mistaken for kernel time.
void follow_to_cpu(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// Taking over from the target at once is what makes a snapshot true; only a privileged user may ask for it, others
/// have the scheduler's word that a thread which mostly sleeps goes first.
void run_before_others() {
  sched_param priority{};
  priority.sched_priority = sched_get_priority_min(SCHED_FIFO);
  sched_setscheduler(0, SCHED_FIFO, &priority);
}

sigset_t only_timer_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, timer_signal());
  return set;
}

}  // namespace

SnapshotEngine::~SnapshotEngine() {
  ends_ = true;
  changed_.notify_all();
  if (sampler_.joinable()) sampler_.join();
}

std::optional<Refusal> SnapshotEngine::open(const EngineConfig& config) {
  config_ = config;
  // The stops of a child of ours would be taken by Node's own wait for its end: it would never run on.
  if (parent_of(config.pid) == getpid()) return Refusal{"ptrace", std::to_string(config.pid), ECHILD};
  std::optional<Refusal> refusal;
  sampler_ = std::thread([this, &refusal] { sample_loop(&refusal); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_open_; });
  return refusal;
}

void SnapshotEngine::arm() {
  std::unique_lock lock(mutex_);
  wants_armed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return is_armed_ || ends_; });
}

void SnapshotEngine::disarm() {
  std::unique_lock lock(mutex_);
  wants_armed_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !is_armed_ || ends_; });
}

std::optional<Refusal> SnapshotEngine::create_timer() {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = timer_signal();
  event._sigev_un._tid = gettid();
  // A timer of our own on another process's clock is allowed for any uid; timer_create(2) on the kernel's encoding
  // of a process CPU clock (see base/clock.h).
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(config_.pid) << 3) | 2U);
  if (timer_create(clock, &event, &timer_) == 0) return std::nullopt;
  return Refusal{"timer_create", std::to_string(config_.pid), errno};
}

void SnapshotEngine::set_timer(bool runs) {
  itimerspec spec{};
  if (runs) {
    spec.it_interval.tv_sec = static_cast<time_t>(config_.period_ns / 1'000'000'000);
    spec.it_interval.tv_nsec = static_cast<long>(config_.period_ns % 1'000'000'000);
    spec.it_value = spec.it_interval;
  }
  timer_settime(timer_, 0, &spec, nullptr);
}

void SnapshotEngine::sample_loop(std::optional<Refusal>* refusal) {
  const sigset_t signals = only_timer_signal();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  run_before_others();
  *refusal = create_timer();
  const bool is_refused = refusal->has_value();
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  if (is_refused) return;
  while (!ends_) {
    {
      std::unique_lock lock(mutex_);
      if (wants_armed_ != is_armed_) {
        if (wants_armed_) watch_threads(true);
        set_timer(wants_armed_);
        is_armed_ = wants_armed_;
        changed_.notify_all();
      }
      if (!is_armed_) {
        release_late_stops(late_);
        changed_.wait_for(lock, std::chrono::milliseconds(50));
        continue;
      }
    }
    const bool has_fired = sigtimedwait(&signals, nullptr, &kLookInterval) > 0;
    if (monotonic_ns() - last_scan_ns_ >= kScanIntervalNs) watch_threads(false);
    if (has_fired) sample_running_threads();
    release_late_stops(late_);
  }
  timer_delete(timer_);
  // A thread that never came to its stop is let go by the kernel when this thread, its tracer, ends.
}

void SnapshotEngine::watch_threads(bool at_start) {
  last_scan_ns_ = monotonic_ns();
  for (const pid_t tid : list_threads(config_.pid)) {
    const auto [entry, is_new] = threads_.try_emplace(tid);
    if (!is_new && !at_start) continue;
    Watched& thread = entry->second;
    if (is_new) {
      thread.schedstat = open_task_file(config_.pid, tid, "schedstat");
      thread.stat = open_task_file(config_.pid, tid, "stat");
    }
    // What a thread had used before we were armed is not ours to carry; a thread born later starts from nothing.
    if (at_start) thread.seen_ns = used_ns(thread.schedstat).value_or(0);
  }
}

void SnapshotEngine::sample_running_threads() {
  int cpu = cpu_;
  for (auto entry = threads_.begin(); entry != threads_.end();) {
    Watched& thread = entry->second;
    const auto used = used_ns(thread.schedstat);
    if (!used) {
      entry = threads_.erase(entry);
      continue;
    }
    // An exec gives the leader's id to a thread that has used less.
    if (*used < thread.seen_ns) thread.seen_ns = 0;
    // The process clock fires for all threads together: only those with a period of their own are due.
    const bool is_due = *used >= thread.seen_ns + config_.period_ns;
    const ThreadState state = is_due ? state_of(thread.stat) : ThreadState{};
    if (state.is_running) {
      sample_thread(entry->first, thread);
      cpu = state.cpu;
    }
    ++entry;
  }
  if (cpu != cpu_) follow_to_cpu(cpu_ = cpu);
}

void SnapshotEngine::sample_thread(pid_t tid, Watched& thread) {
  Taken taken{tid, monotonic_ns(), 0, {}};
  int error = 0;
  const StopOutcome stop = snapshot_thread(config_.pid, tid, kStackBytes, taken.snapshot, late_, error);
  if (stop == StopOutcome::refused) note_refusal(tid, error);
  if (stop != StopOutcome::taken) return;
  // Read after the stop: the stop itself brought the thread's clock up to date.
  const uint64_t used = used_ns(thread.schedstat).value_or(thread.seen_ns);
  taken.weight_ns = used - std::min(used, thread.seen_ns);
  thread.seen_ns = used;
  const std::lock_guard lock(mutex_);
  taken_.push_back(std::move(taken));
  refused_.reset();
}

void SnapshotEngine::note_refusal(pid_t tid, int error) {
  const std::lock_guard lock(mutex_);
  if (!refused_) refused_since_ns_ = monotonic_ns();
  refused_ = Refusal{"ptrace", std::to_string(tid), error};
}

std::optional<Refusal> SnapshotEngine::failure() const {
  const std::lock_guard lock(mutex_);
  if (!refused_ || monotonic_ns() - refused_since_ns_ < kPatienceWithRefusalNs) return std::nullopt;
  return refused_;
}

void SnapshotEngine::drain(SampleSink& sink) {
  std::vector<Taken> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(taken_);
  }
  for (const auto& one : taken) {
    RawSample sample;
    sample.time_ns = one.time_ns;
    sample.weight_ns = one.weight_ns;
    sample.pid = config_.pid;
    sample.tid = one.tid;
    sample.has_registers = true;
    sample.in_kernel = one.snapshot.in_syscall;
    sample.kernel_unseen = true;
    sample.registers = one.snapshot.registers;
    sample.stack = one.snapshot.stack;
    sink.on_sample(sample);
  }
}

}  // namespace prof
