#include "capture/wall_engine.h"

#include <errno.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "capture/limits.h"
#include "capture/threads.h"

namespace prof {
namespace {

// The rest after a look, in CPU time of a look: many threads slow the clock down rather than take a whole CPU.
constexpr uint64_t kRestPerLook = 3;

std::chrono::steady_clock::time_point at(uint64_t monotonic) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic));
}

uint64_t own_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return to_ns(time);
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

EngineLimits WallEngine::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

std::optional<Refusal> WallEngine::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::optional<Refusal> WallEngine::take_resources() {
  if (const int error = memory_refused(config_.pid)) {
    return Refusal{"process_vm_readv", std::to_string(config_.pid), error};
  }
  raise_descriptor_limit();
  // These first: a thread without its files is not seen at all, one without events only not while it runs.
  watch_new_threads();
  if (threads_.empty()) {
    return Refusal{"read", "/proc/" + std::to_string(config_.pid) + "/task/*/syscall", thread_error_};
  }
  running_ = std::make_unique<RunningThreads>();
  running_->open(config_);
  const std::lock_guard lock(mutex_);
  const EngineLimits found = limits_;
  limits_ = running_->limits();
  limits_.threads_followed = found.threads_followed;
  limits_.threads_refused = found.threads_refused;
  limits_.running_stacks = running_->source();
  return std::nullopt;
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
  uint32_t refused = 0;
  thread_error_ = ESRCH;
  std::vector<pid_t> unknown = list_threads(config_.pid);
  std::erase_if(unknown, [this](pid_t tid) { return threads_.contains(tid); });
  const std::vector<UniqueFd> reserved = unknown.empty() ? std::vector<UniqueFd>{} : reserve_descriptors();
  for (const pid_t tid : unknown) {
    ThreadLook look(config_.pid, tid);
    const int error = look.open();
    if (error == ESRCH || error == ENOENT) continue;
    if (error != 0) {
      thread_error_ = error;
      refused++;
      continue;
    }
    Watched& thread = threads_.emplace(tid, std::move(look)).first->second;
    thread.carried_to_ns = look_ns_;
    thread.looks_carried = looks_;
    all_asleep_ = false;
  }
  const std::lock_guard lock(mutex_);
  limits_.threads_followed = static_cast<uint32_t>(threads_.size());
  limits_.threads_refused = refused;
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
        one.kept.sample.python_seen = one.kept.python.seen;
        one.kept.sample.python_frames = one.kept.python.frames;
        one.kept.sample.python_texts = one.kept.python.texts;
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
