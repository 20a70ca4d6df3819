#include "capture/ctimer_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/clock.h"
#include "capture/payload/python_walk.h"
#include "capture/python_stacks.h"
#include "capture/threads.h"

namespace prof {
namespace {

constexpr uint64_t kLeaseNs = 2'000'000'000;
constexpr uint64_t kHandlerPatienceNs = 1'000'000'000;
constexpr uint64_t kNameIntervalNs = 300'000'000;
constexpr size_t kMostNames = 4096;
constexpr timespec kLook{0, 200'000};

Registers registers_of(const uint64_t* r) {
  using namespace payload;
  Registers registers;
  registers.value = {r[g_rax], r[g_rdx], r[g_rcx], r[g_rbx], r[g_rsi], r[g_rdi], r[g_rbp], r[g_rsp], r[g_r8],
                     r[g_r9],  r[g_r10], r[g_r11], r[g_r12], r[g_r13], r[g_r14], r[g_r15], r[g_rip]};
  return registers;
}

}  // namespace

CtimerEngine::~CtimerEngine() {
  if (mapped_.base() == nullptr) return;
  disarm();
  // Waits for the target to be as before; when the injector is gone, the lease ends the timers.
  injector::Request request;
  request.kind = injector::RequestKind::detach;
  request.pid = config_.pid;
  injector::Reply reply;
  UniqueFd none;
  if (is_rearming_) is_rearming_ = !link_.poll_answer();
  static_cast<void>(link_.ask(request, reply, none));
}

std::optional<Refusal> CtimerEngine::open(const EngineConfig& config) {
  config_ = config;
  if (auto refusal = link_.start()) return refusal;
  injector::Request request;
  request.pid = config.pid;
  request.period_ns = config.period_ns;
  request.stack_bytes = config.stack_bytes;
  request.timers = timers_;
  injector::Reply reply;
  UniqueFd memory;
  if (auto refusal = link_.ask(request, reply, memory)) return refusal;
  base_ = reply.base;
  clock_ahead_ns_ = reply.clock_ahead_ns;
  timers_ = reply.timers;
  sites_.reset(config.pid);
  ids_.reset(config.pid);
  return map_memory(std::move(memory), reply.ring_bytes);
}

std::optional<Refusal> CtimerEngine::map_memory(UniqueFd memory, uint64_t ring_bytes) {
  const uint64_t size = payload::kControlBytes + ring_bytes;
  struct stat found {};
  // A file that can shrink would take the ground from under our reads.
  const bool is_whole = fstat(memory.get(), &found) == 0 && static_cast<uint64_t>(found.st_size) == size &&
                        (fcntl(memory.get(), F_GET_SEALS) & F_SEAL_SHRINK) != 0;
  if (!is_whole) return Refusal{"memfd_create", "ring", EINVAL};
  void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return Refusal{"mmap", "ring", errno};
  mapped_ = UniqueMmap(mapped, size);
  // Taken once: what the target writes there later must not lead us out of the ring.
  slots_ = control().slots;
  slot_bytes_ = control().slot_bytes;
  nonce_ = control().nonce;
  const bool fits = std::has_single_bit(slots_) && slot_bytes_ >= sizeof(payload::Slot) + config_.stack_bytes &&
                    slots_ <= ring_bytes / slot_bytes_;
  if (fits) return std::nullopt;
  return Refusal{"memfd_create", "ring", EINVAL};
}

payload::Slot& CtimerEngine::slot_at(uint64_t position) const {
  auto* ring = static_cast<std::byte*>(mapped_.base()) + payload::kControlBytes;
  return *reinterpret_cast<payload::Slot*>(ring + (position & (slots_ - 1)) * slot_bytes_);
}

void CtimerEngine::renew_lease() {
  const uint64_t now = monotonic_ns() + static_cast<uint64_t>(clock_ahead_ns_);
  __atomic_store_n(&control().lease_ns, now + kLeaseNs, __ATOMIC_RELAXED);
}

void CtimerEngine::tell_python() {
  if (config_.python == nullptr || control().has_python != 0) return;
  const auto target = config_.python->target();
  if (!target) return;
  control().python = *target;
  __atomic_store_n(&control().has_python, 1, __ATOMIC_RELEASE);
}

void CtimerEngine::arm() {
  renew_lease();
  tell_python();
  is_armed_ = true;
  __atomic_store_n(&control().enabled, 1, __ATOMIC_SEQ_CST);
}

void CtimerEngine::disarm() {
  is_armed_ = false;
  __atomic_store_n(&control().enabled, 0, __ATOMIC_SEQ_CST);
  // Handlers of a target that has ended or execed are under way for ever.
  const uint64_t deadline = monotonic_ns() + (failure_ ? 0 : kHandlerPatienceNs);
  while (__atomic_load_n(&control().inflight, __ATOMIC_SEQ_CST) > 0 && monotonic_ns() < deadline) {
    if (!process_cpu_ns(config_.pid)) break;
    nanosleep(&kLook, nullptr);
  }
}

void CtimerEngine::drain(SampleSink& sink) {
  for (uint64_t i = 0; i < slots_; i++) {
    payload::Slot& slot = slot_at(tail_);
    if (__atomic_load_n(&slot.seq, __ATOMIC_ACQUIRE) != tail_ + 1) break;
    deliver(slot, sink);
    // The release gives the slot back only after it was used.
    __atomic_store_n(&slot.seq, tail_ + slots_, __ATOMIC_RELEASE);
    tail_++;
  }
  look_after_target(sink);
  if (failure_ || !is_armed_) return;
  renew_lease();
  tell_python();
  rearm_when_disarmed();
}

void CtimerEngine::deliver(const payload::Slot& slot, SampleSink& sink) {
  RawSample sample;
  sample.time_ns = slot.time_ns - static_cast<uint64_t>(clock_ahead_ns_);
  sample.used_ns = slot.used_ns;
  sample.pid = config_.pid;
  sample.tid = ids_.seen_from_here(slot.own_tid);
  sample.has_registers = true;
  sample.kernel_unseen = true;
  sample.registers = registers_of(slot.regs);
  sample.in_kernel = sites_.is_behind_call(sample.registers.pc());
  const auto* stack = reinterpret_cast<const std::byte*>(&slot + 1);
  sample.stack = {stack, std::min<size_t>(slot.stack_bytes, config_.stack_bytes)};
  sample.python_seen = slot.python;
  const payload::PythonSample& python = slot.python_stack;
  sample.python_frames = {python.frames, std::min<size_t>(slot.python & 0xffff, payload::kPythonFrames)};
  if (!sample.python_frames.empty()) sample.python_texts = {python.texts, payload::text_count(python.texts)};
  sink.on_sample(sample);
  follow_name(sample, sink);
}

/// A thread may take another name; nothing tells us but a look, at those that run.
void CtimerEngine::follow_name(const RawSample& sample, SampleSink& sink) {
  if (names_.size() >= kMostNames) names_.clear();
  Named& known = names_[sample.tid];
  if (sample.time_ns < known.looked_at_ns + kNameIntervalNs) return;
  known.looked_at_ns = sample.time_ns;
  std::string name = thread_name(config_.pid, sample.tid);
  if (name.empty() || name == known.name) return;
  if (!known.name.empty()) sink.on_thread_name(sample.tid, name);
  known.name = std::move(name);
}

/// An exec takes away all that is ours. The target's end does too, but that is no failure.
void CtimerEngine::look_after_target(SampleSink& sink) {
  if (failure_) return;
  uint64_t nonce = 0;
  const iovec local{&nonce, sizeof nonce};
  const iovec remote{reinterpret_cast<void*>(base_ + payload::kControlAt + offsetof(payload::Control, nonce)), sizeof nonce};
  const ssize_t got = process_vm_readv(config_.pid, &local, 1, &remote, 1, 0);
  if (got < 0 && errno != EFAULT) return;
  if (got == sizeof nonce && nonce == nonce_) return;
  failure_ = Refusal{kExecFailure, std::to_string(config_.pid), 0};
  sink.on_exec();
}

/// We were suspended for longer than our lease: the handlers have deleted the timers.
void CtimerEngine::rearm_when_disarmed() {
  if (is_rearming_ && link_.poll_answer()) is_rearming_ = false;
  const uint64_t disarmed = __atomic_load_n(&control().disarmed, __ATOMIC_SEQ_CST);
  if (disarmed == disarmed_seen_ || is_rearming_ || !link_.is_open()) return;
  disarmed_seen_ = disarmed;
  is_rearming_ = true;
  injector::Request request;
  request.kind = injector::RequestKind::rearm;
  request.pid = config_.pid;
  link_.send(request);
}

EngineLimits CtimerEngine::limits() const {
  EngineLimits limits;
  if (!is_per_thread() || mapped_.base() == nullptr) return limits;
  const uint32_t listed = std::min(control().timer_count, payload::kMaxTimers);
  for (uint32_t i = 0; i < listed; i++) {
    const payload::Timer& timer = control().timers[i];
    if (timer.wish != payload::Wish::runs) continue;
    if (timer.id >= 0) limits.threads_followed++;
  }
  return limits;
}

EngineLoss CtimerEngine::loss() const {
  if (mapped_.base() == nullptr) return {};
  return {__atomic_load_n(&control().lost, __ATOMIC_RELAXED), 0, 0};
}

}  // namespace prof
