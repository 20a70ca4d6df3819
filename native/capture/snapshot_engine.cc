#include "capture/snapshot_engine.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
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
// Up to so many, a listing out of turn costs no more than a snapshot.
constexpr size_t kFewThreads = 64;
constexpr timespec kLookInterval{0, 50'000'000};

int timer_signal() { return SIGRTMAX - 1; }

/// Descriptors that names, /proc and the rest of the program need. Numbers are given lowest first, so a high one says
/// that few are left.
bool is_scarce(int fd) {
  constexpr rlim_t kReserved = 32;
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && static_cast<rlim_t>(fd) + kReserved > limit.rlim_cur;
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
    if (has_fired || monotonic_ns() - last_scan_ns_ >= kScanIntervalNs) follow_exec();
    if (monotonic_ns() - last_scan_ns_ >= kScanIntervalNs) {
      watch_threads(false);
      follow_mappings();
    }
    const size_t due = has_fired ? sample_running_threads() : 1;
    // The clock fired for somebody: for a thread that is too young to be known, perhaps.
    if (due == 0 && threads_.size() < kFewThreads) {
      watch_threads(false);
      sample_running_threads();
    }
    release_late_stops(late_);
  }
  timer_delete(timer_);
  // A thread that never came to its stop is let go by the kernel when this thread, its tracer, ends.
}

void SnapshotEngine::watch_threads(bool at_start) {
  last_scan_ns_ = monotonic_ns();
  uint32_t refused = 0;
  for (const pid_t tid : at_start ? threads_by_cpu_time(config_.pid) : list_threads(config_.pid)) {
    const auto [entry, is_new] = threads_.try_emplace(tid);
    Watched& thread = entry->second;
    if (is_new && !watch_thread(tid, thread)) {
      threads_.erase(entry);
      refused++;
      continue;
    }
    // What a thread had used before we were armed is not ours to carry; a thread born later starts from nothing.
    if (at_start) thread.seen_ns = used_ns(thread.schedstat).value_or(0);
  }
  if (at_start) {
    const auto leader = threads_.find(config_.pid);
    if (leader != threads_.end()) image_ = state_of(leader->second.stat).image;
    code_kib_ = code_kib_of(config_.pid);
  }
  const std::lock_guard lock(limits_mutex_);
  limits_.threads_followed = static_cast<uint32_t>(threads_.size());
  limits_.threads_refused = refused;
}

/// False when no descriptor is left for it. A thread that has just ended is watched, and forgotten at the next look.
bool SnapshotEngine::watch_thread(pid_t tid, Watched& thread) {
  thread.schedstat = open_task_file(config_.pid, tid, "schedstat");
  if (!thread.schedstat.valid()) return errno != EMFILE && errno != ENFILE;
  thread.stat = open_task_file(config_.pid, tid, "stat");
  if (!thread.stat.valid()) return errno != EMFILE && errno != ENFILE;
  return !is_scarce(thread.stat.get());
}

/// Nobody tells of an exec; its traces are the new addresses of the program. Looked for before each snapshot, so that
/// none is taken for the old program's.
void SnapshotEngine::follow_exec() {
  const auto leader = threads_.find(config_.pid);
  if (leader == threads_.end()) return;
  follow_leader_clock(leader->second);
  const ProcessImage now = state_of(leader->second.stat).image;
  // A leader that has ended before its threads has no memory any more.
  if (now == ProcessImage{} || now == image_) return;
  const bool is_known = image_ != ProcessImage{};
  image_ = now;
  if (!is_known) return;
  push(Change::exec, config_.pid, "");
  resume_nearest_clock(leader->second, leader_used_ns_);
  std::erase_if(threads_, [this](const auto& entry) { return entry.first != config_.pid; });
}

/// An exec gives the leader's id to the thread that calls it before the program is another one (de_thread comes before
/// exec_mmap in begin_new_exec, fs/exec.c). A clock that went back, or on faster than time, is another thread's.
void SnapshotEngine::follow_leader_clock(Watched& leader) {
  constexpr uint64_t kTickNs = 10'000'000;  // a running thread's clock is brought up to date once a tick
  const uint64_t now = monotonic_ns();
  const auto used = used_ns(leader.schedstat);
  if (!used) return;
  const uint64_t latest = leader_used_ns_ + (now - leader_look_ns_) + kTickNs;
  if (leader_look_ns_ != 0 && (*used < leader_used_ns_ || *used > latest)) resume_nearest_clock(leader, *used);
  leader_used_ns_ = *used;
  leader_look_ns_ = now;
}

/// Which thread called exec is not told: the one whose clock was seen nearest below.
void SnapshotEngine::resume_nearest_clock(Watched& leader, uint64_t used_ns) {
  uint64_t seen = 0;
  for (const auto& [tid, thread] : threads_) {
    if (thread.seen_ns <= used_ns) seen = std::max(seen, thread.seen_ns);
  }
  leader.seen_ns = seen;
}

void SnapshotEngine::follow_mappings() {
  const uint64_t now = code_kib_of(config_.pid);
  if (now == code_kib_ || now == 0) return;
  code_kib_ = now;
  push(Change::mappings, config_.pid, "");
}

void SnapshotEngine::follow_name(pid_t tid, Watched& thread, std::string_view name) {
  if (thread.name == name) return;
  const bool is_new = thread.name.empty();
  thread.name = name;
  // The first name is read by whoever books the thread's first sample.
  if (!is_new) push(Change::name, tid, thread.name);
}

void SnapshotEngine::push(Change change, pid_t tid, std::string name) {
  Seen seen;
  seen.change = change;
  seen.name = std::move(name);
  seen.taken.tid = tid;
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(seen));
}

EngineLimits SnapshotEngine::limits() const {
  const std::lock_guard lock(limits_mutex_);
  return limits_;
}

size_t SnapshotEngine::sample_running_threads() {
  int cpu = cpu_;
  size_t due = 0;
  for (auto entry = threads_.begin(); entry != threads_.end();) {
    Watched& thread = entry->second;
    const auto used = used_ns(thread.schedstat);
    if (!used) {
      entry = threads_.erase(entry);
      continue;
    }
    // The process clock fires for all threads together: only those with a period of their own are due.
    const bool is_due = *used >= thread.seen_ns + config_.period_ns;
    const ThreadState state = is_due ? state_of(thread.stat) : ThreadState{};
    due += is_due ? 1 : 0;
    if (is_due) follow_name(entry->first, thread, state.name);
    if (state.is_running) {
      sample_thread(entry->first, thread, state.times);
      cpu = state.cpu;
    }
    ++entry;
  }
  if (cpu != cpu_) follow_to_cpu(cpu_ = cpu);
  return due;
}

void SnapshotEngine::sample_thread(pid_t tid, Watched& thread, ModeTimes times) {
  Taken taken{tid, monotonic_ns(), 0, times, {}};
  int error = 0;
  const StopOutcome stop = snapshot_thread(config_.pid, tid, kStackBytes, config_.python, taken.snapshot, late_, error);
  if (stop == StopOutcome::refused) note_refusal(tid, error);
  if (stop != StopOutcome::taken) return;
  // Read after the stop: the stop itself brought the thread's clock up to date.
  const uint64_t used = used_ns(thread.schedstat).value_or(thread.seen_ns);
  taken.weight_ns = used - std::min(used, thread.seen_ns);
  thread.seen_ns = used;
  const std::lock_guard lock(mutex_);
  seen_.push_back({std::nullopt, "", std::move(taken)});
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
  std::vector<Seen> seen;
  {
    const std::lock_guard lock(mutex_);
    seen.swap(seen_);
  }
  for (const auto& [change, name, one] : seen) {
    if (change) {
      if (*change == Change::exec) sink.on_exec();
      if (*change == Change::mappings) sink.on_mappings_changed();
      if (*change == Change::name) sink.on_thread_name(one.tid, name);
      continue;
    }
    RawSample sample;
    sample.time_ns = one.time_ns;
    sample.weight_ns = one.weight_ns;
    sample.pid = config_.pid;
    sample.tid = one.tid;
    sample.has_registers = true;
    sample.is_32_bit = one.snapshot.is_32_bit;
    sample.in_kernel = one.snapshot.in_syscall;
    sample.kernel_unseen = true;
    sample.mode_times = one.mode_times;
    sample.registers = one.snapshot.registers;
    sample.stack = one.snapshot.stack;
    sample.python_seen = one.snapshot.python.seen;
    sample.python_frames = one.snapshot.python.frames;
    sample.python_texts = one.snapshot.python.texts;
    sink.on_sample(sample);
  }
}

}  // namespace prof
