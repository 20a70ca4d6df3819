// Engine `ctimer` in the target: timers on the target's own CPU clock, whose handler (payload/) copies registers and
// the top of the stack into a ring that we share. Needs no perf_events, only ptrace access for the moment of the
// attach; what happens inside the target is the injector's work (injector/).
#pragma once

#include <string>
#include <unordered_map>

#include "base/unique_fd.h"
#include "base/unique_mmap.h"
#include "capture/engine.h"
#include "capture/injector_link.h"
#include "capture/payload/layout.h"
#include "capture/syscall_sites.h"
#include "capture/thread_ids.h"

namespace prof {

class CtimerEngine final : public Engine {
 public:
  using Timers = injector::Timers;

  /// `automatic`: one timer on the process clock where this kernel delivers to the running thread, which is tried out
  /// first; else one for each thread.
  explicit CtimerEngine(Timers timers = Timers::automatic) : timers_(timers) {}
  ~CtimerEngine() override;
  CtimerEngine(const CtimerEngine&) = delete;
  CtimerEngine& operator=(const CtimerEngine&) = delete;

  [[nodiscard]] std::optional<Refusal> open(const EngineConfig& config) override;
  void arm() override;
  void disarm() override;
  void drain(SampleSink& sink) override;
  void finish(SampleSink& sink) override { drain(sink); }
  [[nodiscard]] const std::vector<int>& wake_fds() const override { return no_wake_fds_; }
  [[nodiscard]] EngineLimits limits() const override;
  [[nodiscard]] EngineLoss loss() const override;
  [[nodiscard]] uint64_t counted_ns() const override { return 0; }
  [[nodiscard]] bool tells_thread_ends() const override { return false; }
  [[nodiscard]] std::optional<Refusal> failure() const override { return failure_; }
  /// What open() found out.
  [[nodiscard]] Timers timers() const { return timers_; }

 private:
  [[nodiscard]] std::optional<Refusal> map_memory(UniqueFd memory, uint64_t ring_bytes);
  [[nodiscard]] payload::Control& control() const { return *static_cast<payload::Control*>(mapped_.base()); }
  [[nodiscard]] payload::Slot& slot_at(uint64_t position) const;
  void renew_lease();
  void rearm_when_disarmed();
  /// Tells the handler where Python stacks are, once that is known.
  void tell_python();
  void look_after_target(SampleSink& sink);
  void deliver(const payload::Slot& slot, SampleSink& sink);
  void follow_name(const RawSample& sample, SampleSink& sink);

  struct Named {
    std::string name;
    uint64_t looked_at_ns = 0;
  };

  [[nodiscard]] bool is_per_thread() const { return timers_ == Timers::per_thread; }

  Timers timers_;
  EngineConfig config_;
  InjectorLink link_;
  UniqueMmap mapped_;  // control, then ring: shared with the target, which is not trusted
  uint64_t base_ = 0;  // of our mapping in the target
  uint64_t nonce_ = 0;
  int64_t clock_ahead_ns_ = 0;
  uint64_t slots_ = 0;
  uint64_t slot_bytes_ = 0;
  uint64_t tail_ = 0;
  uint64_t disarmed_seen_ = 0;
  bool is_armed_ = false;
  bool is_rearming_ = false;
  SyscallSites sites_;
  ThreadIds ids_;
  std::unordered_map<pid_t, Named> names_;  // of threads that were sampled
  std::optional<Refusal> failure_;
  std::vector<int> no_wake_fds_;
};

}  // namespace prof
