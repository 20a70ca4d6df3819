// The stacks of running threads for an engine that sees all threads: where perf_events are allowed, samples of an inner
// engine, so that nobody is stopped; else one short stop of a thread that runs right now; else none.
// Everything here belongs to the thread that made it (ptrace does).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/perf_engine.h"
#include "capture/tracee_stop.h"

namespace prof {

/// A sample that owns its bytes: it waits in a queue for the drain thread.
struct KeptSample {
  RawSample sample;  // its spans are empty: see below
  std::vector<std::byte> stack;
  std::vector<uint64_t> kernel_ips;
  PythonStack python;
};

class RunningThreads final : private SampleSink {
 public:
  ~RunningThreads() override { release_late_stops(late_); }

  /// Takes the best source that is allowed; never fails.
  void open(const EngineConfig& config);
  [[nodiscard]] RunningStacks source() const { return source_; }
  [[nodiscard]] EngineLimits limits() const { return perf_ ? perf_->limits() : EngineLimits{}; }
  void arm();
  void disarm();

  /// Takes what the events have delivered since the last call.
  void collect();
  /// The samples of one thread since the last call, oldest first; their weight is CPU time. Only of events.
  [[nodiscard]] std::vector<KeptSample> take(pid_t tid);
  [[nodiscard]] bool has_samples() const { return !samples_.empty(); }
  void forget_samples() { samples_.clear(); }
  /// Stops a thread that runs right now; nothing when that did not succeed. Not for events.
  [[nodiscard]] std::optional<KeptSample> stop(pid_t tid);

  /// What the events said beside samples, once.
  [[nodiscard]] std::vector<std::pair<pid_t, std::string>> take_names() { return std::exchange(names_, {}); }
  [[nodiscard]] bool take_mappings_changed() { return std::exchange(mappings_changed_, false); }
  [[nodiscard]] bool take_exec() { return std::exchange(has_execed_, false); }

 private:
  void on_sample(const RawSample& sample) override;
  void on_thread_tail(pid_t, uint64_t) override {}
  void on_thread_gone(pid_t) override {}
  void on_thread_name(pid_t tid, std::string_view name) override { names_.emplace_back(tid, name); }
  void on_mappings_changed() override { mappings_changed_ = true; }
  void on_exec() override { has_execed_ = true; }

  pid_t pid_ = 0;
  PythonStacks* python_ = nullptr;
  RunningStacks source_ = RunningStacks::none;
  std::unique_ptr<PerfEngine> perf_;  // null: not allowed
  std::unordered_map<pid_t, std::vector<KeptSample>> samples_;
  std::vector<std::pair<pid_t, std::string>> names_;
  bool mappings_changed_ = false;
  bool has_execed_ = false;
  std::vector<pid_t> late_;
};

}  // namespace prof
