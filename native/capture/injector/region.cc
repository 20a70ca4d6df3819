#include "capture/injector/region.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "capture/injector/errands.h"
#include "capture/injector/holes.h"
#include "capture/injector/target_view.h"
#include "payload_bytes.h"
#include "proc/maps.h"

namespace prof::injector {
namespace {

constexpr uint64_t kGivePatienceNs = 3'000'000'000;
// A thread that sleeps in a call which does not restart is stopped only when no other one turns up in this time.
constexpr uint64_t kChoicePatienceNs = 1'000'000'000;
constexpr uint64_t kRefusalPatienceNs = 300'000'000;
constexpr uint64_t kEndPatienceNs = 6'000'000'000;
constexpr timespec kLook{0, 100'000};
constexpr timespec kRetry{0, 1'000'000};
constexpr const char* kCallNames[] = {"", "memfd_create", "handshake", "mmap", "process_vm_readv",
                                      "rt_sigaction", "timer_create", "timer_settime", "handler"};

uint64_t new_serial() {
  uint64_t serial = 0;
  if (getrandom(&serial, sizeof serial, 0) != sizeof serial) serial = monotonic_ns();
  return serial | 1;
}

Refusal refusal_of(const payload::Outcome& outcome) {
  const auto index = static_cast<size_t>(outcome.call);
  return {index < std::size(kCallNames) ? kCallNames[index] : "payload", "target", outcome.error};
}

}  // namespace

bool Region::read(uint64_t address, void* into, size_t size) const {
  const iovec local{into, size};
  const iovec remote{reinterpret_cast<void*>(address), size};
  return process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool Region::is_ours(uint64_t address) const {
  std::array<uint8_t, sizeof(payload::kCode)> code{};
  return read(address, code.data(), code.size()) && std::memcmp(code.data(), payload::kCode, code.size()) == 0;
}

bool Region::find() {
  for (const Mapping& mapping : read_maps(pid_).mappings) {
    // Whole as it was made, or parted from its writable end.
    const uint64_t size = mapping.hi - mapping.lo;
    const bool may_be = mapping.is_executable() && mapping.inode == 0 &&
                        (size == payload::kCodeBytes || size == payload::kRegionBytes);
    if (!may_be || !is_ours(mapping.lo)) continue;
    base_ = mapping.lo;
    has_code_ = true;
    return true;
  }
  return false;
}

std::optional<payload::Control> Region::read_control() const {
  payload::Control control{};
  if (!read(base_ + payload::kControlAt, &control, sizeof control)) return std::nullopt;
  if (control.magic != payload::kMagic || control.pid != own_tid(pid_, pid_)) return std::nullopt;
  return control;
}

std::optional<Refusal> Region::create() {
  const MapsResult maps = read_maps(pid_);
  if (maps.error != 0) return Refusal{"maps", std::to_string(pid_), maps.error};
  const auto hole = find_zero_code(maps.mappings, MapErrand::size(), [this](uint64_t at, std::span<uint8_t> into) {
    return read(at, into.data(), into.size());
  });
  const auto place = find_free_range(maps.mappings, payload::kRegionBytes);
  if (!hole || !place) return Refusal{"vdso", std::to_string(pid_), ENOSPC};
  MapErrand errand(*hole, *place);
  if (auto refusal = give(errand, 0)) return refusal;
  // The stub has no way to tell its result: once its thread has left it, the mapping itself does.
  const auto unclean = clean_hole({*hole, *hole + MapErrand::size()}, errand.zeros());
  std::array<uint8_t, payload::kRegionBytes> bytes{};
  if (!read(*place, bytes.data(), bytes.size())) {
    return unclean ? unclean : Refusal{"mmap", "executable memory", EACCES};
  }
  base_ = *place;
  return unclean;
}

/// Waits until the thread that was sent through the hole has left it, and takes the stub away.
std::optional<Refusal> Region::clean_hole(CodeRange hole, const std::vector<Poke>& zeros) const {
  const uint64_t deadline = monotonic_ns() + kEndPatienceNs;
  int error = ETIMEDOUT;
  while (monotonic_ns() < deadline) {
    pid_t tid = given_to_;
    const auto pc = blocked_pc(pid_, tid);
    const bool has_left = !thread_exists(pid_, tid) || (pc && (*pc < hole.lo || *pc >= hole.hi));
    if (has_left) {
      // Any thread will do, so better one that a stop does not disturb.
      const auto threads = stoppable_threads(pid_);
      if (threads.empty()) return vanished();
      tid = threads.front().tid;
    }
    const HandoverResult result = write_when_outside(pid_, tid, hole, zeros, error);
    if (result == HandoverResult::given) return std::nullopt;
    if (result == HandoverResult::refused) return Refusal{"ptrace", std::to_string(pid_), error};
    nanosleep(&kRetry, nullptr);
  }
  return Refusal{"stopped", std::to_string(pid_), ETIMEDOUT};
}

/// What it means that our mapping cannot be read.
Refusal Region::vanished() const {
  const bool lives = thread_exists(pid_, pid_);
  return lives ? Refusal{"exec", std::to_string(pid_), EAGAIN} : Refusal{"ptrace", std::to_string(pid_), ESRCH};
}

std::optional<Refusal> Region::give(Errand& errand, pid_t first_choice) {
  const uint64_t start = monotonic_ns();
  const CodeRange ours{base_, base_ == 0 ? 0 : base_ + payload::kCodeBytes};
  std::optional<Refusal> last;
  while (monotonic_ns() - start < kGivePatienceNs) {
    auto threads = stoppable_threads(pid_);
    if (threads.empty() && !thread_exists(pid_, pid_)) return vanished();
    const bool is_stopped = threads.empty() && all_stopped(pid_) && monotonic_ns() - start > kRefusalPatienceNs;
    if (is_stopped) return Refusal{"stopped", std::to_string(pid_), EAGAIN};
    // Nobody else before that one is known to be out of our code: its way back would be overwritten.
    if (first_choice != 0 && !blocked_pc(pid_, first_choice)) threads = {{first_choice, StopCost::none}};
    for (const Candidate& thread : threads) {
      if (thread.cost == StopCost::interrupt && monotonic_ns() - start < kChoicePatienceNs) continue;
      int error = 0;
      errand.set_thread(thread.tid);
      const HandoverResult result = hand_over(pid_, thread.tid, ours, errand, error);
      given_to_ = thread.tid;
      if (result == HandoverResult::given) return std::nullopt;
      if (result == HandoverResult::foreign) return Refusal{"elf", std::to_string(pid_), ENOEXEC};
      // Another engine of ours may have it stopped for an instant.
      if (result == HandoverResult::refused) last = Refusal{"ptrace", std::to_string(pid_), error};
      const bool is_final = monotonic_ns() - start > kRefusalPatienceNs;
      if (result == HandoverResult::refused && is_final) return last;
      if (result == HandoverResult::gone) first_choice = 0;
      if (result == HandoverResult::halted) last = Refusal{"stopped", std::to_string(pid_), EAGAIN};
      if (result == HandoverResult::not_now) break;
    }
    nanosleep(&kRetry, nullptr);
  }
  return last ? last : Refusal{"ptrace", std::to_string(pid_), ETIMEDOUT};
}

/// Waits until no call of an injector that died is under way. `last_thread` is one that may still be on its way in or
/// out of our code: it must be looked at first, which a stop does.
std::optional<Refusal> Region::await_idle(pid_t& last_thread) const {
  last_thread = 0;
  const uint64_t deadline = monotonic_ns() + kEndPatienceNs;
  for (;;) {
    payload::Command command{};
    payload::Outcome outcome{};
    if (!read(base_ + payload::kCommandAt, &command, sizeof command)) return vanished();
    if (command.serial == 0 || !thread_exists(pid_, command.tid)) return std::nullopt;
    const bool has_outcome = read(base_ + payload::kScratchAt, &outcome, sizeof outcome);
    // One that never began may be about to, or was never sent: its injector died between writing and sending.
    const bool works = has_outcome && outcome.begun == command.serial && outcome.done != command.serial;
    const auto pc = blocked_pc(pid_, command.tid);
    const bool is_inside = pc && *pc >= base_ && *pc < base_ + payload::kCodeBytes;
    if (!works && !is_inside) {
      if (!pc) last_thread = command.tid;
      return std::nullopt;
    }
    if (monotonic_ns() > deadline) return Refusal{"ctimer", std::to_string(pid_), EBUSY};
    nanosleep(&kRetry, nullptr);
  }
}

std::optional<Refusal> Region::run(payload::Operation operation, int signal, uint64_t ring_bytes, const WhenReady& when_ready,
                                   payload::Outcome& outcome) {
  pid_t last_thread = 0;
  std::vector<Poke> before;
  if (!has_code_) before = code_pokes(base_);
  else if (auto busy = await_idle(last_thread)) return busy;
  payload::Command command{};
  command.serial = new_serial();
  command.operation = operation;
  command.owns_control = read_control().has_value() ? 1 : 0;
  command.signal = signal;
  command.ring_bytes = ring_bytes;
  std::memcpy(command.name, "prof-tui", sizeof "prof-tui");
  CallErrand errand(base_, command, std::move(before));
  if (auto refusal = give(errand, last_thread)) return refusal;
  has_code_ = true;
  return await(command.serial, when_ready, outcome);
}

std::optional<Refusal> Region::acknowledge(uint64_t serial, const WhenReady& when_ready,
                                           const payload::Outcome& ready) {
  if (auto refusal = when_ready(ready)) return refusal;
  const iovec local{&serial, sizeof serial};
  const iovec remote{reinterpret_cast<void*>(base_ + payload::kScratchAt + offsetof(payload::Outcome, ack)), sizeof serial};
  if (process_vm_writev(pid_, &local, 1, &remote, 1, 0) == sizeof serial) return std::nullopt;
  return Refusal{"process_vm_writev", std::to_string(pid_), errno};
}

std::optional<Refusal> Region::await(uint64_t serial, const WhenReady& when_ready, payload::Outcome& outcome) {
  const uint64_t deadline = monotonic_ns() + kEndPatienceNs;
  std::optional<Refusal> unprepared;
  bool has_seen_ready = false;
  for (;;) {
    if (!read(base_ + payload::kScratchAt, &outcome, sizeof outcome)) return vanished();
    if (outcome.done == serial) {
      if (unprepared) return unprepared;
      if (outcome.error != 0) return refusal_of(outcome);
      return std::nullopt;
    }
    if (!has_seen_ready && outcome.fd_ready == serial && when_ready) {
      has_seen_ready = true;
      unprepared = acknowledge(serial, when_ready, outcome);
    }
    if (monotonic_ns() > deadline) return Refusal{"stopped", std::to_string(pid_), ETIMEDOUT};
    nanosleep(&kLook, nullptr);
  }
}

}  // namespace prof::injector
