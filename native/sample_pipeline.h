// One sample's way through native code: record -> unwind -> intern -> a row of the batch. Drain thread only, but
// for the batch that is handed over, the one thing behind a lock. Knows engines only as SampleSink callers.
#pragma once

#include <array>
#include <mutex>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "capture/engine.h"
#include "proc/late_memory.h"
#include "proc/process_memory.h"
#include "proc/recent_memory.h"
#include "proc/stack_holes.h"
#include "capture/python_stacks.h"
#include "runtime/python_names.h"
#include "runtime/runtime_names.h"
#include "table/batch.h"
#include "table/mode_split.h"
#include "table/thread_ledger.h"
#include "target_modules.h"
#include "unwind/unwinder.h"

namespace prof {

struct PipelineCounts {
  uint64_t samples = 0;
  uint64_t truncated = 0;       // stacks that end before the thread's root
  uint64_t copy_ended = 0;      // of these, those whose stack copy was too small, though it was full
  uint64_t not_kept = 0;        // the table of stacks was full: only their leaf was kept
  uint64_t execs = 0;           // times the target became another program
  uint64_t short_lived_ns = 0;  // CPU time of threads that ended before any sample
};

/// Whose samples are taken: those of one engine, in its own stretch of time. The cut of a switch ends one window and
/// begins the next.
struct SampleWindow {
  uint64_t from_ns = 0;
  uint64_t until_ns = UINT64_MAX;
  uint32_t span = 0;
};

class SamplePipeline final : public SampleSink {
 public:
  SamplePipeline(pid_t pid, uint64_t session_start_ns);

  /// Reads the mappings and has unwind tables built, biggest module first. Waits `patience` for them at most, and only
  /// if samples are to come in a hurry or some code cannot be unwound without: until they are there, rules are looked
  /// up in the modules themselves.
  /// 0, or the errno with which the mappings were refused (stacks then come from the kernel's own walk).
  [[nodiscard]] int load_modules(std::chrono::milliseconds patience, bool in_a_hurry);
  /// Rows outside the window belong to another engine.
  void set_window(const SampleWindow& window) { window_ = window; }
  /// How much of a thread's time lies between its samples.
  void set_period(uint64_t period_ns) { ledger_.set_period(period_ns); }
  /// The CPU time that each known thread has used so far.
  [[nodiscard]] std::vector<ThreadClock> read_thread_clocks() const;
  /// Another engine measures from the moment of `clocks` on. `carried_all`: the old one, if any, carried all CPU time,
  /// so what it left of a thread is still to be explained; else what comes after is. `keeps_scales`: the new one is
  /// of the same kind.
  void change_engine(std::span<const ThreadClock> clocks, bool carried_all, bool keeps_scales);
  /// Follows mappings and finished unwind tables; cheap when nothing changed.
  void follow_mappings();
  /// Gives each thread's rest to its last stack. `has_lost`: records were lost since the last call.
  /// `cpu_ns`: the process clock since the running engine began.
  /// `limit_ns`: the longest rest that sampling itself can leave. `ends_are_told`: see Engine::tells_thread_ends.
  void settle_threads(std::span<const ThreadClock> clocks, bool has_lost, uint64_t cpu_ns, uint64_t limit_ns,
                      bool ends_are_told);
  /// The target has ended after `cpu_ns` of CPU time under the running engine: gives its last moments to its last threads.
  void close_accounts(uint64_t cpu_ns, uint64_t limit_ns);

  /// Makes what was gathered until now ready to be taken. No other call waits for the taker, nor he for them: they
  /// read the target's mappings and files, which may be on a network that hangs.
  void hand_over();
  /// Any thread: takes what was handed over since the last call.
  [[nodiscard]] Batch take_batch();
  /// CPU time that rows of the batch have carried, since accounting began.
  [[nodiscard]] uint64_t carried_ns() const { return ledger_.carried_ns(); }
  [[nodiscard]] size_t thread_count() const { return ledger_.size(); }
  [[nodiscard]] PipelineCounts counts() const { return counts_; }
  /// Whether samples should be read soon: what explains them may be gone.
  [[nodiscard]] bool is_restless() const { return runtime_.is_restless(); }
  /// How many stacks went on where a copy does not reach, on a goroutine's.
  [[nodiscard]] uint64_t stack_switches() const { return unwinder_.stack_switches(); }
  [[nodiscard]] RuntimeState runtime() const { return python_.state().value_or(runtime_.state()); }
  /// For engines that find threads standing still. Lives as long as this.
  [[nodiscard]] PythonStacks& python_stacks() { return python_stacks_; }

  void on_sample(const RawSample& sample) override;
  void on_thread_tail(pid_t tid, uint64_t tail_ns) override;
  void on_thread_gone(pid_t tid) override;
  void on_thread_name(pid_t tid, std::string_view name) override;
  void on_mappings_changed() override { mappings_changed_ = true; }
  void on_exec() override;

 private:
  struct InternedStack {
    uint32_t whole = 0;
    uint32_t user_part = 0;  // below the kernel; only of samples that tell the thread's user and system time
  };

  void add_wall_row(const RawSample& sample);
  [[nodiscard]] InternedStack intern_stack(const RawSample& sample, uint32_t thread);
  /// The kernel part of a stack, or where a thread sleeps.
  void collect_above_user(const RawSample& sample);
  void collect_user_frames(const RawSample& sample);
  void unwind(const RawSample& sample);
  [[nodiscard]] StackEnd walk(const RawSample& sample, const StackCopy& copy);
  [[nodiscard]] bool complete_late(const RawSample& sample, StackEnd end);
  void collect_unwound(const RawSample& sample, const StackCopy& copy, bool is_late, bool is_whole);
  void merge_python_frames(const RawSample& sample, bool is_whole);
  void collect_python_run(const PythonRun& run);
  void follow_python();
  void name_runtime_frames(const RawSample& sample, const StackCopy& copy, bool is_late);
  void look_for_runtime();
  void collect_truncated();
  [[nodiscard]] uint64_t function_start(const Frame& frame) const;
  [[nodiscard]] Frame frame_at(const UnwoundFrame& unwound) const;
  uint32_t know_thread(pid_t tid, uint64_t used_before_ns);
  void add_tail(uint64_t time_ns, const ThreadLedger::Tail& tail);
  void add_weight(uint64_t time_ns, uint64_t weight_ns, pid_t tid, uint32_t thread, uint32_t stack, uint32_t samples);
  void add_row(uint64_t time_ns, uint64_t weight_ns, uint32_t thread, uint32_t stack, uint32_t samples);
  [[nodiscard]] uint64_t refresh_interval_ns() const;
  int refresh_modules();
  void retry_unmapped();
  void queue_new_modules();

  const pid_t pid_;
  const uint64_t start_ns_;
  uint64_t program_since_ns_;  // when it, or we, began
  TargetModules modules_;
  ProcessMemory memory_;
  RecentMemory recent_;
  StackHoles holes_;
  LateMemory late_;
  Unwinder unwinder_;
  RuntimeNames runtime_;
  PythonNames python_;
  PythonStacks python_stacks_;
  bool is_runtime_searched_ = false;
  std::unordered_set<uint32_t> modules_searched_;
  // Of the sample in hand: frames that may be a runtime's, where they are in `unwound_`, and what they stand for.
  std::vector<RuntimeFrame> runtime_frames_;
  std::vector<size_t> runtime_places_;
  std::vector<NamedFrame> runtime_named_;
  std::vector<size_t> python_loops_;  // of `unwound_`: CPython's evaluation loop
  std::vector<PythonRun> python_runs_;
  StackTable table_;
  ThreadLedger ledger_;
  ModeSplit mode_split_;
  PipelineCounts counts_;
  std::vector<UnwoundFrame> unwound_;
  std::vector<Frame> path_;  // of the sample in hand, leaf first
  /// Where a thread stood in its last sample of wall time.
  struct WallStack {
    uint32_t id = 0;
    bool is_truncated = false;
  };
  std::unordered_map<pid_t, WallStack> wall_stacks_;
  bool mappings_changed_ = false;
  uint64_t last_refresh_ns_ = 0;
  uint64_t refresh_cost_ns_ = 0;
  size_t modules_queued_ = 0;
  SampleWindow window_;
  uint64_t short_lived_before_ns_ = 0;  // under earlier engines

  Batch fill_;

  std::mutex shelf_mutex_;
  Batch shelf_;  // under shelf_mutex_: handed over, not yet taken
};

}  // namespace prof
