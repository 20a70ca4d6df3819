// Engine `ctimer` by external snapshots: a timer of ours runs on the target's CPU clock; when it fires, threads that
// have used CPU time and run now are stopped for an instant and read. Needs no perf_events, only ptrace access.
// It may interrupt system calls of the target; the user is told. Sleepers are never stopped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/unique_fd.h"
#include "capture/engine.h"
#include "capture/tracee_stop.h"

namespace prof {

class SnapshotEngine final : public Engine {
 public:
  SnapshotEngine() = default;
  ~SnapshotEngine() override;
  SnapshotEngine(const SnapshotEngine&) = delete;
  SnapshotEngine& operator=(const SnapshotEngine&) = delete;

  [[nodiscard]] std::optional<Refusal> open(const EngineConfig& config) override;
  void arm() override;
  void disarm() override;
  void drain(SampleSink& sink) override;
  void finish(SampleSink&) override {}
  [[nodiscard]] const std::vector<int>& wake_fds() const override { return no_wake_fds_; }
  [[nodiscard]] EngineLimits limits() const override { return {}; }
  [[nodiscard]] EngineLoss loss() const override { return {}; }
  [[nodiscard]] uint64_t counted_ns() const override { return 0; }
  [[nodiscard]] std::optional<Refusal> failure() const override;

 private:
  struct Taken {
    pid_t tid;
    uint64_t time_ns;
    uint64_t weight_ns;
    Snapshot snapshot;
  };
  /// What is known of one thread: its files stay open, so that a look costs two reads.
  struct Watched {
    UniqueFd schedstat;
    UniqueFd stat;
    uint64_t seen_ns = 0;  // CPU time that snapshots have carried
  };

  void sample_loop(std::optional<Refusal>* refusal);
  [[nodiscard]] std::optional<Refusal> create_timer();
  void set_timer(bool runs);
  void watch_threads(bool at_start);
  void sample_running_threads();
  void sample_thread(pid_t tid, Watched& thread);
  void note_refusal(pid_t tid, int error);

  EngineConfig config_;
  std::vector<int> no_wake_fds_;
  std::thread sampler_;

  mutable std::mutex mutex_;  // guards the next six
  std::condition_variable changed_;
  bool is_open_ = false;
  bool wants_armed_ = false;
  bool is_armed_ = false;
  std::vector<Taken> taken_;
  std::optional<Refusal> refused_;  // by the stops since `refused_since_ns_`, all of them
  uint64_t refused_since_ns_ = 0;
  std::atomic<bool> ends_ = false;

  // Sampler thread only.
  timer_t timer_{};
  std::unordered_map<pid_t, Watched> threads_;
  std::vector<pid_t> late_;
  uint64_t last_scan_ns_ = 0;
  int cpu_ = -1;  // where we run: beside the target
};

}  // namespace prof
