#include "capture/injector/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/injector/injection.h"

namespace prof::injector {
namespace {

constexpr uint64_t kPeriodNs = 1'000'000;
constexpr uint64_t kPatienceNs = 1'000'000'000;
// One tells: kernels before 6.4 prefer a main thread that sleeps always, not now and then (complete_signal,
// kernel/signal.c). Each costs a tick of CPU time on a machine that may be busy.
constexpr uint64_t kSamplesWanted = 1;
// Whatever happens to the injector, its child must not stay busy.
constexpr uint64_t kLongestNs = 20'000'000'000;
constexpr int kRounds = 10'000;
constexpr uint32_t kStackBytes = 4096;
constexpr timespec kLook{0, 1'000'000};

[[noreturn]] void play_target(const UniqueFd& ready, pid_t injector) {
  // Asked for too late when the injector has died already.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != injector) _exit(1);
  // The injector blocks every signal; a target does not.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::thread busy([&ready] {
    const pid_t tid = gettid();
    if (write(ready.get(), &tid, sizeof tid) != sizeof tid) _exit(1);
    const uint64_t end = monotonic_ns() + kLongestNs;
    while (monotonic_ns() < end) {
      for (volatile int rounds = 0; rounds < kRounds;) rounds = rounds + 1;
    }
    _exit(1);
  });
  busy.join();
  _exit(1);
}

/// Samples so far, and whether all of them came from `busy`.
bool all_from(const Injection& injection, pid_t busy) {
  payload::Control& control = *injection.control();
  const auto* ring = reinterpret_cast<const std::byte*>(&control) + payload::kControlBytes;
  for (uint64_t i = 0; i < kSamplesWanted; i++) {
    const auto* slot = reinterpret_cast<const payload::Slot*>(ring + i * control.slot_bytes);
    if (__atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) != i + 1 || slot->own_tid != busy) return false;
  }
  return true;
}

Rehearsal play(pid_t child, pid_t busy) {
  Rehearsal result;
  Injection injection(child);
  result.refusal = injection.attach({kPeriodNs, kStackBytes, false});
  if (result.refusal) return result;
  payload::Control& control = *injection.control();
  __atomic_store_n(&control.enabled, 1, __ATOMIC_SEQ_CST);
  const uint64_t deadline = monotonic_ns() + kPatienceNs;
  while (__atomic_load_n(&control.head, __ATOMIC_SEQ_CST) < kSamplesWanted && monotonic_ns() < deadline) {
    nanosleep(&kLook, nullptr);
  }
  __atomic_store_n(&control.enabled, 0, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&control.inflight, __ATOMIC_SEQ_CST) > 0 && monotonic_ns() < deadline) nanosleep(&kLook, nullptr);
  if (control.head < kSamplesWanted) result.refusal = Refusal{"timer_create", "rehearsal", ETIME};
  result.reaches_running_thread = all_from(injection, busy);
  if (auto refusal = injection.detach(); refusal && !result.refusal) result.refusal = refusal;
  return result;
}

/// The id of the busy thread in our own pid namespace, where the child was forked.
pid_t await_ready(const UniqueFd& ready) {
  pid_t tid = 0;
  return read(ready.get(), &tid, sizeof tid) == sizeof tid ? tid : 0;
}

}  // namespace

Rehearsal rehearse() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {Refusal{"pipe", "rehearsal", errno}, false};
  const UniqueFd reads(ends[0]);
  UniqueFd writes(ends[1]);
  const pid_t injector = getpid();
  const pid_t child = fork();
  if (child == 0) play_target(writes, injector);
  if (child < 0) return {Refusal{"fork", "rehearsal", errno}, false};
  writes.reset();
  const pid_t busy = await_ready(reads);
  Rehearsal result{Refusal{"fork", "rehearsal", ECHILD}, false};
  if (busy != 0) result = play(child, busy);
  int status = 0;
  // A filter that kills has done so by now.
  const bool has_died = waitpid(child, &status, WNOHANG) == child;
  if (has_died) return {Refusal{"seccomp", "rehearsal", EACCES}, false};
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return result;
}

}  // namespace prof::injector
