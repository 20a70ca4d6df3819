#include "capture/wall_engine.h"

#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr size_t kStackBytes = 65536;
constexpr uint64_t kScanIntervalNs = 100'000'000;
// A sleeper needs no row at each look: its time is carried a few times a second, with the number of looks.
constexpr uint64_t kCarryIntervalNs = 200'000'000;
// Stacks that wait for the drain thread: beyond this new ones are not read, and their time waits for a later look.
constexpr size_t kMostNewsBytes = 64U << 20;
// A thread that wakes while it is read has moved: it is looked at again.
constexpr int kReadAttempts = 3;
// How long the time of a running thread waits for a sample of it, in periods.
constexpr uint64_t kPeriodsToSample = 4;
// The rest after a look, in CPU time of a look: many threads slow the clock down rather than take a whole CPU.
constexpr uint64_t kRestPerLook = 3;
// 32-bit code has its stack below 4 GiB, and call numbers of its own.
constexpr uint64_t kCompatTop = uint64_t{1} << 32;

std::chrono::steady_clock::time_point at(uint64_t monotonic) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic));
}

uint64_t own_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return to_ns(time);
}

KeptSample blocked_sample(const BlockedPlace& place) {
  KeptSample kept;
  RawSample& sample = kept.sample;
  sample.activity = place.activity;
  sample.is_32_bit = place.sp < kCompatTop;
  sample.system_call = sample.is_32_bit ? kNoSystemCall : place.system_call;
  sample.has_registers = place.pc != 0;
  sample.registers.value[kRegRip] = place.pc;
  sample.registers.value[kRegRsp] = place.sp;
  sample.registers.known = kPcAndSp;
  return kept;
}

}  // namespace

WallEngine::~WallEngine() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  if (sampler_.joinable()) sampler_.join();
}

std::optional<Refusal> WallEngine::open(const EngineConfig& config) {
  config_ = config;
  std::optional<Refusal> refusal;
  sampler_ = std::thread([this, &refusal] { sample_loop(&refusal); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_open_; });
  return refusal;
}

void WallEngine::arm() {
  std::unique_lock lock(mutex_);
  wants_armed_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return is_armed_; });
}

void WallEngine::disarm() {
  std::unique_lock lock(mutex_);
  wants_armed_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !is_armed_; });
}

std::optional<Refusal> WallEngine::take_resources() {
  if (const int error = memory_refused(config_.pid)) {
    return Refusal{"process_vm_readv", std::to_string(config_.pid), error};
  }
  running_ = std::make_unique<RunningThreads>();
  running_->open(config_);
  limits_ = running_->limits();
  limits_.running_stacks = running_->source();
  limits_.threads_followed = 0;
  limits_.threads_refused = 0;
  int error = ESRCH;
  for (const pid_t tid : list_threads(config_.pid)) {
    ThreadLook look(config_.pid, tid);
    const int refused = look.open();
    if (refused == 0) {
      threads_.emplace(tid, std::move(look));
    } else if (refused != ESRCH && refused != ENOENT) {
      error = refused;
      limits_.threads_refused++;
    }
  }
  limits_.threads_followed = static_cast<uint32_t>(threads_.size());
  if (!threads_.empty()) return std::nullopt;
  return Refusal{"read", "/proc/" + std::to_string(config_.pid) + "/task/*/syscall", error};
}

void WallEngine::sample_loop(std::optional<Refusal>* refusal) {
  *refusal = take_resources();
  const bool is_refused = refusal->has_value();
  std::unique_lock lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
  while (!is_refused && !ends_) {
    changed_.wait(lock, [this] { return ends_ || wants_armed_; });
    if (!ends_) look_until_changed(lock);
  }
  // ptrace and its late stops belong to this thread.
  running_.reset();
}

void WallEngine::look_until_changed(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  begin();
  lock.lock();
  is_armed_ = true;
  changed_.notify_all();
  uint64_t due_ns = look_ns_;
  while (wants_armed_ && !ends_) {
    lock.unlock();
    const uint64_t used_before_ns = own_cpu_ns();
    look_at_all();
    const uint64_t now = monotonic_ns();
    due_ns = std::max(due_ns + config_.period_ns, now + kRestPerLook * (own_cpu_ns() - used_before_ns));
    // Late by more than a period (the machine was suspended, say): no looks are made up for.
    if (due_ns < now) due_ns = now;
    lock.lock();
    changed_.wait_until(lock, at(due_ns), [this] { return ends_ || !wants_armed_; });
  }
  lock.unlock();
  look_at_all();
  running_->disarm();
  carry_rests();
  lock.lock();
  is_armed_ = false;
  changed_.notify_all();
}

void WallEngine::begin() {
  running_->arm();
  look_ns_ = previous_look_ns_ = last_carry_ns_ = monotonic_ns();
  last_scan_ns_ = 0;
  all_asleep_ = false;
  for (auto& [tid, thread] : threads_) {
    thread.carried_to_ns = look_ns_;
    thread.looks_carried = looks_;
    thread.is_asleep = thread.was_sampled = thread.has_row = false;
    thread.stopped_at_cpu_ns = thread.look.run_count().value_or(RunCount{}).cpu_ns;
  }
}

void WallEngine::watch_new_threads() {
  last_scan_ns_ = look_ns_;
  for (const pid_t tid : list_threads(config_.pid)) {
    if (threads_.contains(tid)) continue;
    ThreadLook look(config_.pid, tid);
    if (look.open() != 0) continue;
    Watched& thread = threads_.emplace(tid, std::move(look)).first->second;
    thread.carried_to_ns = look_ns_;
    thread.looks_carried = looks_;
    all_asleep_ = false;
  }
}

void WallEngine::look_at_all() {
  previous_look_ns_ = look_ns_;
  look_ns_ = monotonic_ns();
  looks_++;
  running_->collect();
  add_news_of_events();
  if (look_ns_ - last_scan_ns_ >= kScanIntervalNs) watch_new_threads();
  // The process clock stands still while nobody runs: then nobody has moved, however many they are. It is the sum of
  // what schedstat shows, so it is behind by a scheduler tick at most.
  const uint64_t cpu_ns = process_cpu_ns(config_.pid).value_or(0);
  const bool nobody_ran = all_asleep_ && cpu_ns == process_cpu_ns_ && !running_->has_samples();
  process_cpu_ns_ = cpu_ns;
  if (!nobody_ran) {
    all_asleep_ = true;
    for (auto entry = threads_.begin(); entry != threads_.end();) {
      entry = look_at(entry->first, entry->second) ? std::next(entry) : threads_.erase(entry);
    }
    // Samples of threads that are not known yet: look for them now.
    if (running_->has_samples()) watch_new_threads();
    running_->forget_samples();
  }
  if (look_ns_ - last_carry_ns_ < kCarryIntervalNs) return;
  last_carry_ns_ = look_ns_;
  carry_sleepers(look_ns_);
}

bool WallEngine::look_at(pid_t tid, Watched& thread) {
  const auto count = thread.look.run_count();
  if (!count) {
    carry_unmoved(tid, thread, previous_look_ns_);
    add_news({NewsKind::gone, tid, {}, {}});
    return false;
  }
  std::vector<KeptSample> samples = running_->take(tid);
  if (thread.is_asleep && *count == thread.count && samples.empty()) return true;
  // It has run since the last look; until then it slept.
  if (thread.is_asleep) carry_unmoved(tid, thread, previous_look_ns_);
  thread.is_asleep = false;
  thread.count = *count;
  add_samples_of_events(tid, thread, std::move(samples));
  for (int attempt = 0; attempt < kReadAttempts && !thread.is_asleep; attempt++) {
    const auto place = thread.look.blocked_place();
    if (!place) {
      look_at_running(tid, thread);
      break;
    }
    look_at_blocked(tid, thread, *place);
  }
  all_asleep_ = all_asleep_ && thread.is_asleep;
  return true;
}

void WallEngine::look_at_blocked(pid_t tid, Watched& thread, const BlockedPlace& place) {
  KeptSample kept = blocked_sample(place);
  if (news_bytes_ >= kMostNewsBytes) return;
  if (kept.sample.has_registers) thread.look.read_stack(place.sp, kStackBytes, kept.stack);
  const auto count = thread.look.run_count();
  const bool has_moved = !count || *count != thread.count;
  if (count) thread.count = *count;
  if (has_moved) return;
  kept.stack.shrink_to_fit();
  add_row(tid, thread, std::move(kept), look_ns_);
  thread.is_asleep = true;
  thread.was_sampled = false;
}

void WallEngine::look_at_running(pid_t tid, Watched& thread) {
  if (running_->source() == RunningStacks::none) return add_row(tid, thread, {}, look_ns_);
  if (may_be_stopped(thread)) {
    if (auto kept = running_->stop(tid)) {
      add_row(tid, thread, std::move(*kept), look_ns_);
      thread.was_sampled = true;
      thread.stopped_at_cpu_ns = thread.count.cpu_ns;
      return;
    }
  }
  // It waits for a CPU about where it was sampled. One that was not, since it woke, will be soon: its time waits.
  if (thread.was_sampled) carry_unmoved(tid, thread, look_ns_);
  if (look_ns_ - thread.carried_to_ns > kPeriodsToSample * config_.period_ns) add_row(tid, thread, {}, look_ns_);
}

// A thread that mostly sleeps is in a system call or about to enter one whenever it runs: a stop would interrupt that.
// One that computes is stopped, once per period of its CPU time at most (half of one, for its clock is no comb).
bool WallEngine::may_be_stopped(const Watched& thread) const {
  if (running_->source() != RunningStacks::stops) return false;
  const bool is_due = (thread.count.cpu_ns - thread.stopped_at_cpu_ns) * 2 >= config_.period_ns;
  // Looked at once more right before.
  return is_due && thread.look.is_running();
}

void WallEngine::add_samples_of_events(pid_t tid, Watched& thread, std::vector<KeptSample> samples) {
  for (KeptSample& kept : samples) {
    // CPU time is part of the wall time; the rest is that of waiting for a CPU, or of the sleep that is found now.
    const uint64_t left_ns = look_ns_ - std::min(look_ns_, thread.carried_to_ns);
    const uint64_t until_ns = thread.carried_to_ns + std::min(kept.sample.weight_ns, left_ns);
    if (until_ns > thread.carried_to_ns) add_row(tid, thread, std::move(kept), until_ns);
    thread.was_sampled = true;
  }
}

void WallEngine::carry_unmoved(pid_t tid, Watched& thread, uint64_t until_ns) {
  if (!thread.has_row || until_ns <= thread.carried_to_ns) return;
  KeptSample kept;
  kept.sample.is_unmoved = true;
  const uint64_t last_look = until_ns < look_ns_ ? looks_ - 1 : looks_;
  kept.sample.looks = static_cast<uint32_t>(std::max<uint64_t>(1, last_look - std::min(last_look, thread.looks_carried)));
  add_row(tid, thread, std::move(kept), until_ns);
}

void WallEngine::carry_rests() {
  carry_sleepers(look_ns_);
  for (auto& [tid, thread] : threads_) {
    if (look_ns_ > thread.carried_to_ns) add_row(tid, thread, {}, look_ns_);
  }
}

void WallEngine::carry_sleepers(uint64_t until_ns) {
  for (auto& [tid, thread] : threads_) {
    if (thread.is_asleep) carry_unmoved(tid, thread, until_ns);
  }
}

void WallEngine::add_row(pid_t tid, Watched& thread, KeptSample kept, uint64_t until_ns) {
  RawSample& sample = kept.sample;
  sample.pid = config_.pid;
  sample.tid = tid;
  sample.time_ns = until_ns;
  sample.weight_ns = until_ns - std::min(until_ns, thread.carried_to_ns);
  sample.is_wall_time = true;
  thread.carried_to_ns = until_ns;
  thread.looks_carried = looks_;
  thread.has_row = true;
  add_news({NewsKind::sample, tid, std::move(kept), {}});
}

void WallEngine::add_news(News news) {
  news_bytes_ += news.kept.stack.size();
  const std::lock_guard lock(mutex_);
  news_.push_back(std::move(news));
}

void WallEngine::add_news_of_events() {
  if (running_->take_exec()) add_news({NewsKind::exec, 0, {}, {}});
  if (running_->take_mappings_changed()) add_news({NewsKind::mappings, 0, {}, {}});
  for (auto& [tid, name] : running_->take_names()) add_news({NewsKind::name, tid, {}, std::move(name)});
}

void WallEngine::drain(SampleSink& sink) {
  std::deque<News> news;
  {
    const std::lock_guard lock(mutex_);
    news.swap(news_);
  }
  for (News& one : news) {
    switch (one.kind) {
      case NewsKind::sample:
        one.kept.sample.stack = one.kept.stack;
        one.kept.sample.kernel_ips = one.kept.kernel_ips;
        sink.on_sample(one.kept.sample);
        break;
      case NewsKind::gone:
        sink.on_thread_gone(one.tid);
        break;
      case NewsKind::name:
        sink.on_thread_name(one.tid, one.name);
        break;
      case NewsKind::mappings:
        sink.on_mappings_changed();
        break;
      case NewsKind::exec:
        sink.on_exec();
        break;
    }
    news_bytes_ -= one.kept.stack.size();
  }
}

}  // namespace prof
