// One target: owns the engine, the drain thread and the pipeline, and joins them. Calls that wait (start, stop) must
// not come from the JavaScript thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/demangle.h"
#include "base/terminal_guard.h"
#include "base/unique_fd.h"
#include "capture/engine.h"
#include "capture/injector/protocol.h"
#include "capture/limits.h"
#include "capture/probe.h"
#include "launch/launcher.h"
#include "sample_pipeline.h"

namespace prof {

/// What can capture; order is `engineKinds` in src/engine/native.ts.
enum class EngineKind : uint8_t { perf, perf_user_only, snapshots, ctimer, wall };

/// Whether its samples are to carry all CPU time; what another kind leaves out is never given to a stack.
[[nodiscard]] constexpr bool carries_all(EngineKind kind) {
  return kind != EngineKind::perf_user_only && kind != EngineKind::wall;
}

/// What the session has seen so far; sums since its first start.
struct SessionState {
  bool has_exited = false;
  std::optional<Refusal> failure;  // the running engine has died while the target lives
  uint64_t elapsed_ns = 0;  // stands still while no engine runs
  uint64_t cpu_ns = 0;  // the target's process CPU clock
  uint64_t stack_bytes = 0;
  PipelineCounts counts;
  EngineLoss loss;
  EngineLimits limits;
  RuntimeState runtime;
};

struct StartResult {
  std::optional<Refusal> refusal;
  int maps_error = 0;  // errno: /proc/PID/maps is unreadable, so stacks come from the kernel's own walk
  EngineLimits limits;
  /// The sums at the cut: up to here the old engine's rows count, from here the new one's. `elapsed_ns` is its time.
  SessionState at_cut;
};

class Session {
 public:
  explicit Session(pid_t pid);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Opens the engine, arms it and starts draining; one that runs already is replaced at one cut in time. The rows of
  /// each start carry its number. A refusal leaves everything as it was.
  [[nodiscard]] StartResult start(EngineKind kind, uint64_t period_ns);
  /// Disarms, drains what is left and gives every thread its rest. The batch stays to be taken.
  void stop();
  [[nodiscard]] Batch take_batch() { return pipeline_.take_batch(); }
  [[nodiscard]] SessionState state();

 private:
  void run();
  /// Runs `work` on the drain thread and waits for it.
  void on_drain_thread(const std::function<void()>& work);
  void run_pending_work();
  void wait_for_data();
  [[nodiscard]] int drain_interval_ms() const;
  void tick();
  void settle();
  void settle(const std::vector<ThreadClock>& clocks, uint64_t cpu_ns);
  [[nodiscard]] uint64_t longest_rest_ns() const;
  void grow_stack_copies();
  void follow_frame_pointers();
  /// The running engine, with another configuration. Refused: it goes on as it is.
  void reopen_engine(const EngineConfig& config);
  [[nodiscard]] std::unique_ptr<Engine> make_engine(EngineKind kind) const;
  [[nodiscard]] StartResult open_engine(EngineKind kind, const EngineConfig& config, uint32_t span);
  [[nodiscard]] StartResult replace_ctimer(const EngineConfig& config, uint32_t span);
  void begin_books();
  void close_engine(uint64_t cut_ns, EngineKind next);
  void look_for_failure();
  void look_for_exec();
  [[nodiscard]] SessionState make_state() const;
  void finish_target();
  void read_cpu_clock();
  [[nodiscard]] uint64_t brought_up_to_date(uint64_t clock_ns) const;
  [[nodiscard]] std::optional<uint64_t> clock_around(const std::function<void()>& read_threads) const;
  void pair_clocks();
  void publish();

  const pid_t pid_;
  const uint64_t start_ns_;
  UniqueFd wake_;      // eventfd: work is pending
  UniqueFd exit_;      // pidfd: readable when the target has ended; may be invalid (seccomp, old kernel)
  SamplePipeline pipeline_;

  // Drain thread only.
  std::unique_ptr<Engine> engine_;
  EngineKind kind_ = EngineKind::perf;
  EngineConfig config_;
  injector::Timers timers_ = injector::Timers::automatic;  // what an earlier in-target engine found out
  EngineLimits limits_;
  EngineLoss closed_loss_;  // of engines that are no more
  uint32_t starts_ = 0;
  uint32_t span_ = 0;       // the start whose rows are filled
  PipelineCounts counts_at_growth_;
  bool may_reopen_ = true;
  std::vector<int> polled_;  // ring descriptors that can still wake us
  uint64_t drained_from_ns_ = 0;
  uint64_t lost_at_settle_ = 0;
  uint64_t last_settle_ns_ = 0;
  uint64_t cpu_base_ns_ = 0;     // the clock when accounting began
  std::optional<uint64_t> stopped_ns_;  // when the last engine stopped, while none runs
  uint64_t engine_base_ns_ = 0;  // the clock when the running engine began
  uint64_t cpu_ns_ = 0;
  // The clock and the engine's own count, read together: they tell the last moments of a target that is gone.
  uint64_t paired_cpu_ns_ = 0;
  uint64_t paired_counted_ns_ = 0;
  uint64_t paired_at_ns_ = 0;
  bool is_accounting_ = false;
  bool has_exited_ = false;
  std::optional<Refusal> suspected_;  // seen once: the target may be ending
  std::optional<Refusal> failure_;

  std::mutex mutex_;  // guards the three below
  std::condition_variable work_done_;
  const std::function<void()>* pending_work_ = nullptr;
  SessionState published_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;  // last: starts when all else is there
};

}  // namespace prof
