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
#include "capture/thread_stat.h"
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
  [[nodiscard]] EngineLimits limits() const override;
  [[nodiscard]] EngineLoss loss() const override { return {}; }
  [[nodiscard]] uint64_t counted_ns() const override { return 0; }
  [[nodiscard]] bool tells_thread_ends() const override { return false; }
  [[nodiscard]] std::optional<Refusal> failure() const override;

 private:
  struct Taken {
    pid_t tid;
    uint64_t time_ns;
    uint64_t weight_ns;
    ModeTimes mode_times;
    Snapshot snapshot;
  };
  /// What the target became between two snapshots, told before the next one.
  enum class Change : uint8_t { exec, mappings, name };
  /// A row of the queue: a snapshot, or a change.
  struct Seen {
    std::optional<Change> change;
    std::string name;  // of the thread, for Change::name
    Taken taken;
  };
  /// What is known of one thread: its files stay open, so that a look costs two reads.
  struct Watched {
    UniqueFd schedstat;
    UniqueFd stat;
    uint64_t seen_ns = 0;  // CPU time that snapshots have carried
    std::string name;      // empty until it was read
  };

  void sample_loop(std::optional<Refusal>* refusal);
  [[nodiscard]] std::optional<Refusal> create_timer();
  void set_timer(bool runs);
  void watch_threads(bool at_start);
  [[nodiscard]] bool watch_thread(pid_t tid, Watched& thread);
  void follow_exec();
  void follow_leader_clock(Watched& leader);
  void resume_nearest_clock(Watched& leader, uint64_t used_ns);
  void follow_mappings();
  void follow_name(pid_t tid, Watched& thread, std::string_view name);
  void push(Change change, pid_t tid, std::string name);
  /// How many threads had a snapshot due.
  size_t sample_running_threads();
  void sample_thread(pid_t tid, Watched& thread, ModeTimes times);
  void note_refusal(pid_t tid, int error);

  EngineConfig config_;
  std::vector<int> no_wake_fds_;
  std::thread sampler_;

  mutable std::mutex mutex_;  // guards the next six
  std::condition_variable changed_;
  bool is_open_ = false;
  bool wants_armed_ = false;
  bool is_armed_ = false;
  std::optional<Refusal> refused_;  // by the stops since `refused_since_ns_`, all of them
  uint64_t refused_since_ns_ = 0;
  std::vector<Seen> seen_;
  std::atomic<bool> ends_ = false;

  // Apart from the above, which is held while threads are watched for the first time.
  mutable std::mutex limits_mutex_;
  EngineLimits limits_;

  // Sampler thread only.
  timer_t timer_{};
  std::unordered_map<pid_t, Watched> threads_;
  std::vector<pid_t> late_;
  uint64_t last_scan_ns_ = 0;
  ProcessImage image_;
  uint64_t code_kib_ = 0;
  uint64_t leader_used_ns_ = 0;  // at our last look at it
  uint64_t leader_look_ns_ = 0;
  int cpu_ = -1;  // where we run: beside the target
};

}  // namespace prof
