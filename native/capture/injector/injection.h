// What the injector does to a target, whole: attach, arm again, follow threads, detach. Each starts from what is in
// the target, so that any injector can take back what another one left.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/refusal.h"
#include "base/unique_fd.h"
#include "base/unique_mmap.h"
#include "capture/injector/region.h"
#include "capture/payload/layout.h"

namespace prof::injector {

struct AttachConfig {
  uint64_t period_ns = 0;
  uint32_t stack_bytes = 0;
  bool per_thread = false;
};

class Injection {
 public:
  explicit Injection(pid_t pid) : pid_(pid), region_(pid) {}

  /// Installs handler and timers, disabled: they tick, and return at once until the engine enables them.
  [[nodiscard]] std::optional<Refusal> attach(const AttachConfig& config);
  /// With a timer per thread, follows threads that came or went; `rearm` also creates again what the lease has ended.
  [[nodiscard]] std::optional<Refusal> follow(bool rearm);
  /// Takes everything back but the mapping. Nothing to do, or no target any more, is no refusal.
  [[nodiscard]] std::optional<Refusal> detach();

  [[nodiscard]] int memory() const { return memory_.get(); }
  [[nodiscard]] uint64_t base() const { return region_.base(); }
  [[nodiscard]] uint64_t ring_bytes() const { return ring_bytes_; }
  [[nodiscard]] int64_t clock_ahead_ns() const { return clock_ahead_ns_; }
  [[nodiscard]] bool per_thread() const { return config_.per_thread; }
  [[nodiscard]] payload::Control* control() const { return static_cast<payload::Control*>(mapped_.base()); }

 private:
  /// One injector at a time works on a target: two would overwrite each other's way back for a thread. Held for one
  /// operation; the kernel lets go of it when we die.
  [[nodiscard]] UniqueFd lock_target() const;
  [[nodiscard]] Refusal busy() const;
  [[nodiscard]] std::optional<Refusal> try_attach();
  [[nodiscard]] std::optional<Refusal> refuse_unfit() const;
  [[nodiscard]] std::optional<Refusal> prepare(const payload::Outcome& ready, int signal);
  /// Whether what is installed in the target is another profiler's that lives.
  [[nodiscard]] bool is_in_use_by_another(const payload::Control& installed) const;
  [[nodiscard]] uint64_t planned_ring_bytes();
  void fill_control(int signal);
  bool list_timers();

  pid_t pid_;
  Region region_;
  AttachConfig config_;
  UniqueFd memory_;
  UniqueMmap mapped_;  // control, then ring
  int signal_ = 64;
  uint64_t slots_ = 0;
  uint64_t slot_bytes_ = 0;
  uint64_t ring_bytes_ = 0;
  int64_t clock_ahead_ns_ = 0;
};

}  // namespace prof::injector
