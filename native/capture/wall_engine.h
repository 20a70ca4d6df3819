// Engine `wall`: a clock of wall time; at each of its ticks every thread of the target is looked at, blocked ones too.
// A sleeper is never touched: /proc tells its system call, sp and pc, and its stack is read from outside. One that has
// not run since the last look slept all along, so its last stack holds and nothing is read. Running threads:
// running_threads.h.
//
// Each thread's weights add up to the time it has lived under the engine: a row carries the time since the row before.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "capture/engine.h"
#include "capture/running_threads.h"
#include "capture/thread_look.h"

namespace prof {

class WallEngine final : public Engine {
 public:
  WallEngine() = default;
  ~WallEngine() override;
  WallEngine(const WallEngine&) = delete;
  WallEngine& operator=(const WallEngine&) = delete;

  [[nodiscard]] std::optional<Refusal> open(const EngineConfig& config) override;
  void arm() override;
  void disarm() override;
  void drain(SampleSink& sink) override;
  void finish(SampleSink&) override {}
  [[nodiscard]] const std::vector<int>& wake_fds() const override { return no_wake_fds_; }
  [[nodiscard]] EngineLimits limits() const override;
  [[nodiscard]] EngineLoss loss() const override { return {}; }
  [[nodiscard]] std::optional<Refusal> failure() const override;
  [[nodiscard]] uint64_t counted_ns() const override { return 0; }

 private:
  /// What is known of one thread. Times are CLOCK_MONOTONIC.
  struct Watched {
    explicit Watched(ThreadLook files) : look(std::move(files)) {}
    ThreadLook look;
    RunCount count;           // when it was last looked at
    uint64_t carried_to_ns = 0;  // rows carry its time up to here
    uint64_t looks_carried = 0;  // looks_ at that moment
    bool is_asleep = false;   // and its last row says where
    bool was_sampled = false;  // its last row is a running thread's
    bool has_row = false;
    uint64_t stopped_at_cpu_ns = 0;  // its CPU time when it was last stopped
  };
  enum class NewsKind : uint8_t { sample, gone, name, mappings, exec };
  struct News {
    NewsKind kind = NewsKind::sample;
    pid_t tid = 0;
    KeptSample kept;
    std::string name;
  };

  void sample_loop(std::optional<Refusal>* refusal);
  [[nodiscard]] std::optional<Refusal> take_resources();
  /// Runs until the engine is armed or disarmed anew, or ends.
  void look_until_changed(std::unique_lock<std::mutex>& lock);
  void begin();
  /// Opens the files of threads that are not watched yet, and counts those that are refused.
  void watch_new_threads();
  void look_at_target();
  void look_at_all();
  /// False when the thread is gone.
  [[nodiscard]] bool look_at(pid_t tid, Watched& thread);
  void look_at_blocked(pid_t tid, Watched& thread, const BlockedPlace& place);
  void look_at_running(pid_t tid, Watched& thread);
  /// It has used half a period of CPU time since it was last shown running.
  [[nodiscard]] bool is_due(const Watched& thread) const;
  [[nodiscard]] bool may_be_stopped(const Watched& thread) const;
  void add_samples_of_events(pid_t tid, Watched& thread, std::vector<KeptSample> samples);
  /// Time until `until_ns` in which the thread stood where its last row says.
  void carry_unmoved(pid_t tid, Watched& thread, uint64_t until_ns);
  void carry_sleepers(uint64_t until_ns);
  /// Before the end: all time up to the last look, that of running threads without a stack.
  void carry_rests();
  void add_row(pid_t tid, Watched& thread, KeptSample kept, uint64_t until_ns);
  void add_news(News news);
  void add_news_of_events();

  EngineConfig config_;
  std::vector<int> no_wake_fds_;
  std::thread sampler_;

  mutable std::mutex mutex_;  // guards the next seven
  std::condition_variable changed_;
  bool is_open_ = false;
  bool wants_armed_ = false;
  bool is_armed_ = false;
  std::deque<News> news_;
  EngineLimits limits_;
  std::optional<Refusal> failure_;
  std::atomic<size_t> news_bytes_ = 0;
  std::atomic<bool> ends_ = false;

  // Sampler thread only.
  std::unique_ptr<RunningThreads> running_;
  std::unordered_map<pid_t, Watched> threads_;
  uint64_t look_ns_ = 0;           // the look in progress, or the last one
  uint64_t previous_look_ns_ = 0;
  uint64_t looks_ = 0;
  uint64_t last_scan_ns_ = 0;
  uint64_t last_carry_ns_ = 0;
  uint64_t process_cpu_ns_ = 0;    // at the last look
  bool all_asleep_ = false;
  bool is_32_bit_ = false;
  int thread_error_ = 0;           // of the last thread that was refused
  uint64_t refused_since_ns_ = 0;  // 0: its memory may be read
};

}  // namespace prof
