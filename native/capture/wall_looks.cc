// The looks of engine `wall` at its threads, and the rows that come of them. Sampler thread only.
#include <errno.h>

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "capture/wall_engine.h"

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
constexpr uint64_t kPatienceWithRefusalNs = 1'000'000'000;

KeptSample blocked_sample(const BlockedPlace& place, bool is_32_bit) {
  KeptSample kept;
  RawSample& sample = kept.sample;
  sample.activity = place.activity;
  sample.is_32_bit = is_32_bit;
  // Such a program has call numbers of its own.
  sample.system_call = is_32_bit ? kNoSystemCall : place.system_call;
  sample.has_registers = place.pc != 0;
  sample.registers.value[kRegRip] = place.pc;
  sample.registers.value[kRegRsp] = place.sp;
  sample.registers.known = kPcAndSp;
  return kept;
}

}  // namespace

// An exec may have made it another program: one of 32 bits, or one that we have no right to.
void WallEngine::look_at_target() {
  last_scan_ns_ = look_ns_;
  watch_new_threads();
  is_32_bit_ = is_32_bit_program(config_.pid);
  const int error = memory_refused(config_.pid);
  if (error != EPERM) {
    refused_since_ns_ = 0;
    return;
  }
  if (refused_since_ns_ == 0) refused_since_ns_ = look_ns_;
  if (look_ns_ - refused_since_ns_ < kPatienceWithRefusalNs) return;
  const std::lock_guard lock(mutex_);
  failure_ = Refusal{"process_vm_readv", std::to_string(config_.pid), error};
}

void WallEngine::look_at_all() {
  previous_look_ns_ = look_ns_;
  look_ns_ = monotonic_ns();
  looks_++;
  running_->collect();
  add_news_of_events();
  if (look_ns_ - last_scan_ns_ >= kScanIntervalNs) look_at_target();
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
  KeptSample kept = blocked_sample(place, is_32_bit_);
  if (news_bytes_ >= kMostNewsBytes) return;
  if (kept.sample.has_registers) thread.look.read_stack(place.sp, kStackBytes, kept.stack);
  if (config_.python != nullptr) kept.python = config_.python->read(tid);
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
  if (may_be_stopped(thread)) {
    if (auto kept = running_->stop(tid)) {
      add_row(tid, thread, std::move(*kept), look_ns_);
      thread.was_sampled = true;
      thread.stopped_at_cpu_ns = thread.count.cpu_ns;
      return;
    }
  }
  if (running_->source() == RunningStacks::none && is_due(thread)) {
    thread.stopped_at_cpu_ns = thread.count.cpu_ns;
    return add_row(tid, thread, {}, look_ns_);
  }
  // It waits for a CPU about where it was sampled. One that was not, since it woke, will be soon: its time waits.
  if (thread.was_sampled) carry_unmoved(tid, thread, look_ns_);
  if (look_ns_ - thread.carried_to_ns > kPeriodsToSample * config_.period_ns) add_row(tid, thread, {}, look_ns_);
}

bool WallEngine::is_due(const Watched& thread) const {
  return (thread.count.cpu_ns - thread.stopped_at_cpu_ns) * 2 >= config_.period_ns;
}

// A thread that mostly sleeps is in a system call or about to enter one whenever it runs: a stop would interrupt that.
// One that computes is stopped, once per period of its CPU time at most (half of one, for its clock is no comb).
bool WallEngine::may_be_stopped(const Watched& thread) const {
  if (running_->source() != RunningStacks::stops) return false;
  // Looked at once more right before.
  return is_due(thread) && thread.look.is_running();
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
  const uint64_t looks = last_look - std::min(last_look, thread.looks_carried);
  kept.sample.looks = static_cast<uint32_t>(std::max<uint64_t>(1, looks));
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

}  // namespace prof
