#include "capture/injector/injection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>
#include <unordered_set>

#include "base/clock.h"
#include "capture/injector/target_view.h"
#include "capture/threads.h"

namespace prof::injector {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kLeaseNs = 2 * kSecondNs;
constexpr int kMostTries = 4;
constexpr uint64_t kLockPatienceNs = 8 * kSecondNs;
constexpr uint64_t kFewestSlots = 64;
constexpr int64_t kSameClockNs = 100'000'000;  // closer than this is the same clock, read a moment later

/// The kernel looks at CPU timers on its tick only: HZ signals a second for each busy CPU, the rest are overruns.
uint64_t ticks_per_second() {
  timespec resolution{};
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) != 0 || to_ns(resolution) == 0) return 1000;
  return kSecondNs / to_ns(resolution);
}

/// Room for 0.3 s: the engine looks each 0.05 s.
uint64_t slots_for(uint64_t period_ns) {
  const uint64_t rate = std::min(kSecondNs / period_ns, ticks_per_second()) * static_cast<uint64_t>(get_nprocs_conf());
  return std::bit_ceil(std::max(kFewestSlots, rate * 3 / 10));
}

/// Opens the target's new memory for writing, if that is what it is: the number comes from the target, which could
/// name any file it has open, and we may have more rights than it. What is looked at is pinned before it is opened.
UniqueFd open_new_memory(const std::string& path) {
  const UniqueFd pinned(open(path.c_str(), O_PATH | O_CLOEXEC));
  const UniqueFd ours(static_cast<int>(syscall(SYS_memfd_create, "prof-tui", MFD_CLOEXEC)));
  struct stat found {};
  struct stat wanted {};
  if (fstat(pinned.get(), &found) != 0 || fstat(ours.get(), &wanted) != 0) return {};
  const bool is_new_memory =
      S_ISREG(found.st_mode) && found.st_size == 0 && found.st_nlink == 0 && found.st_dev == wanted.st_dev;
  if (!is_new_memory) return {};
  const std::string again = "/proc/self/fd/" + std::to_string(pinned.get());
  return UniqueFd(open(again.c_str(), O_RDWR | O_CLOEXEC));
}

/// Read from the target's memory: it must not lead us out of the mask.
int signal_of(const payload::Control& control) { return std::clamp(control.signal, 35, 64); }

uint64_t rounded_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

std::optional<Refusal> Injection::refuse_unfit() const {
  const std::string subject = std::to_string(pid_);
  const auto status = read_status(subject);
  if (status.empty()) return Refusal{"ptrace", subject, ESRCH};
  if (!is_64_bit(pid_)) return Refusal{"elf", subject, ENOEXEC};
  const auto value = [&](const char* name) { return status.contains(name) ? status.at(name) : std::string(); };
  if (std::atoi(value("TracerPid").c_str()) != 0) return Refusal{"ptrace", subject, EBUSY};
  // The way back is a jump without a return address on the shadow stack.
  if (value("x86_Thread_features").find("shstk") != std::string::npos) return Refusal{"shstk", subject, ENOTSUP};
  if (value("State").starts_with('T') || value("State").starts_with('t')) return Refusal{"stopped", subject, EAGAIN};
  if (has_tight_stack(pid_)) return Refusal{"stack", subject, ENOSPC};
  return std::nullopt;
}

std::optional<Refusal> Injection::attach(const AttachConfig& config) {
  config_ = config;
  auto refusal = try_attach();
  // One of us may have waited in vain: threads that wake each other all the time keep others off the CPUs for seconds.
  for (int i = 1; i < kMostTries && refusal && refusal->error == ETIMEDOUT; i++) refusal = try_attach();
  return refusal;
}

UniqueFd Injection::lock_target() const {
  UniqueFd lock(open(("/proc/" + std::to_string(pid_) + "/status").c_str(), O_RDONLY | O_CLOEXEC));
  const uint64_t deadline = monotonic_ns() + kLockPatienceNs;
  constexpr timespec kPause{0, 2'000'000};
  while (lock.valid() && flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (monotonic_ns() > deadline) return {};
    nanosleep(&kPause, nullptr);
  }
  return lock;
}

/// What it means that the lock cannot be had.
Refusal Injection::busy() const {
  return Refusal{"ctimer", std::to_string(pid_), thread_exists(pid_, pid_) ? EBUSY : ESRCH};
}

std::optional<Refusal> Injection::try_attach() {
  const UniqueFd lock = lock_target();
  if (!lock.valid()) return busy();
  if (auto unfit = refuse_unfit()) return unfit;
  if (!region_.find()) {
    if (auto refusal = region_.create()) return refusal;
  } else if (const auto control = region_.read_control()) {
    // Two timers in one process cost it interrupted calls, where one costs none.
    if (is_in_use_by_another(*control)) return Refusal{"ctimer", std::to_string(pid_), EBUSY};
  }
  const int signal = signal_ = choose_signal(pid_);
  payload::Outcome outcome{};
  return region_.run(payload::Operation::attach, signal, planned_ring_bytes(), [&](const payload::Outcome& ready) {
    return prepare(ready, signal);
  }, outcome);
}

bool Injection::is_in_use_by_another(const payload::Control& installed) const {
  const bool is_alive = installed.is_installed != 0 && installed.ring != 0 && installed.lease_ns > monotonic_ns();
  const payload::Control* const own = control();
  return is_alive && (own == nullptr || own->nonce != installed.nonce);
}

uint64_t Injection::planned_ring_bytes() {
  slots_ = slots_for(config_.period_ns);
  slot_bytes_ = rounded_up(sizeof(payload::Slot) + config_.stack_bytes, 64);
  ring_bytes_ = rounded_up(slots_ * slot_bytes_, kPage);
  return ring_bytes_;
}

/// The target waits meanwhile. All memory is taken here, so that it counts as ours and not as the target's.
std::optional<Refusal> Injection::prepare(const payload::Outcome& ready, int signal) {
  const auto difference = static_cast<int64_t>(ready.clock_ns - monotonic_ns());
  clock_ahead_ns_ = std::abs(difference) < kSameClockNs ? 0 : difference;
  // A signal for the process that waits while such a handler begins goes to another thread, one that sleeps if need be
  // (retarget_shared_pending, kernel/signal.c). One for a thread waits for it.
  config_.per_thread = config_.per_thread || ready.is_masked != 0;
  const std::string path = "/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(ready.fd);
  memory_ = open_new_memory(path);
  if (!memory_.valid()) return Refusal{"memfd_create", path, EBADF};
  const uint64_t size = payload::kControlBytes + ring_bytes_;
  if (ftruncate(memory_.get(), static_cast<off_t>(size)) != 0) return Refusal{"ftruncate", path, errno};
  // Else the target could shrink it under the profiler's hands.
  if (fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return Refusal{"fcntl", path, errno};
  }
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory_.get(), 0);
  if (mapped == MAP_FAILED) return Refusal{"mmap", path, errno};
  mapped_ = UniqueMmap(mapped, size);
  fill_control(signal);
  return std::nullopt;
}

void Injection::fill_control(int signal) {
  payload::Control& to = *control();
  to.magic = payload::kMagic;
  if (getrandom(&to.nonce, sizeof to.nonce, 0) != sizeof to.nonce) to.nonce = monotonic_ns();
  to.pid = own_tid(pid_, pid_);
  to.signal = signal;
  to.period_ns = config_.period_ns;
  to.lease_ns = monotonic_ns() + static_cast<uint64_t>(clock_ahead_ns_) + kLeaseNs;
  to.slots = slots_;
  to.slot_bytes = slot_bytes_;
  to.stack_bytes = config_.stack_bytes;
  auto* ring = static_cast<std::byte*>(mapped_.base()) + payload::kControlBytes;
  for (uint64_t i = 0; i < slots_; i++) reinterpret_cast<payload::Slot*>(ring + i * slot_bytes_)->seq = i;
  list_timers();
}

/// Brings the list of timers to the threads that live; true when the target must be told.
bool Injection::list_timers() {
  payload::Control& of = *control();
  if (!config_.per_thread) {
    of.timers[0] = {0, 0, of.timer_count == 0 ? -1 : of.timers[0].id, payload::Wish::runs};
    of.timer_count = 1;
    return of.timers[0].id < 0;
  }
  const auto tids = list_threads(pid_);
  std::unordered_set<pid_t> unknown(tids.begin(), tids.end());
  bool has_changed = false;
  std::vector<payload::Timer*> free;
  // Shared with the target, which is not trusted.
  uint32_t count = std::min(of.timer_count, payload::kMaxTimers);
  for (uint32_t i = 0; i < count; i++) {
    payload::Timer& timer = of.timers[i];
    const bool lives = timer.wish == payload::Wish::runs && unknown.erase(timer.tid) > 0;
    if (timer.wish == payload::Wish::runs && !lives) {
      timer.wish = payload::Wish::ends;
      has_changed = has_changed || timer.id >= 0;
    } else if (timer.wish == payload::Wish::ends && timer.id < 0) {
      free.push_back(&timer);
    }
  }
  for (const pid_t tid : unknown) {
    if (free.empty() && count == payload::kMaxTimers) break;
    payload::Timer* timer = free.empty() ? &of.timers[count] : free.back();
    *timer = {tid, own_tid(pid_, tid), -1, payload::Wish::runs};
    if (free.empty()) count++;
    else free.pop_back();
    has_changed = true;
  }
  of.timer_count = count;
  return has_changed;
}

std::optional<Refusal> Injection::follow(bool rearm) {
  if (control() == nullptr) return std::nullopt;
  if (!list_timers() && !rearm) return std::nullopt;
  const UniqueFd lock = lock_target();
  if (!lock.valid()) return busy();
  payload::Outcome outcome{};
  return region_.run(payload::Operation::follow, signal_, 0, nullptr, outcome);
}

std::optional<Refusal> Injection::detach() {
  if (control() != nullptr) __atomic_store_n(&control()->enabled, 0, __ATOMIC_SEQ_CST);
  const UniqueFd lock = lock_target();
  if (!lock.valid()) return thread_exists(pid_, pid_) ? std::optional(busy()) : std::nullopt;
  if (region_.base() == 0 && !region_.find()) return std::nullopt;
  const auto left = region_.read_control();
  if (!left || (left->is_installed == 0 && left->ring == 0) || is_in_use_by_another(*left)) return std::nullopt;
  payload::Outcome outcome{};
  const auto refusal = region_.run(payload::Operation::detach, signal_of(*left), 0, nullptr, outcome);
  return refusal && (refusal->error == ESRCH || refusal->syscall == "exec") ? std::nullopt : refusal;
}

}  // namespace prof::injector
