// Engine `cpu` and `cpu-clock`: perf_events software cpu-clock, one event per (thread, CPU), one ring per CPU.
// New threads are followed by the kernel (inherit_thread). Never uses PERF_EVENT_IOC_REFRESH: on kernels 6.16 and
// 6.17 a cpu-clock event that disables itself can lock the machine.
#pragma once

#include <linux/perf_event.h>

#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/unique_fd.h"
#include "capture/engine.h"
#include "capture/perf_attr.h"
#include "capture/perf_record.h"
#include "capture/perf_ring.h"

namespace prof {

class PerfEngine final : public Engine {
 public:
  [[nodiscard]] std::optional<Refusal> open(const EngineConfig& config) override;
  void arm() override;
  void disarm() override;
  void drain(SampleSink& sink) override;
  void finish(SampleSink& sink) override;
  [[nodiscard]] const std::vector<int>& wake_fds() const override { return wake_fds_; }
  [[nodiscard]] EngineLimits limits() const override { return limits_; }
  [[nodiscard]] EngineLoss loss() const override { return loss_; }
  [[nodiscard]] std::optional<Refusal> failure() const override;
  [[nodiscard]] uint64_t counted_ns() const override;

 private:
  struct Event {
    UniqueFd fd;
    pid_t tid = 0;
    uint64_t id = 0;
  };
  struct CpuRing {
    PerfRing ring;
    int output_fd = -1;
    uint64_t loss_epoch = 0;  // grows with each LOST record
    bool damaged = false;
  };
  /// What one event had counted at its thread's last sample.
  struct EventState {
    uint64_t value_ns = 0;
    uint64_t loss_epoch = 0;
  };
  struct EventKey {
    pid_t tid;
    uint64_t id;
    bool operator==(const EventKey&) const = default;
  };
  struct EventKeyHash {
    size_t operator()(const EventKey& key) const {
      return static_cast<size_t>((key.id * 0x9E3779B97F4A7C15ULL) ^ static_cast<uint64_t>(key.tid));
    }
  };

  std::optional<Refusal> open_threads();
  /// 0, or the errno that ends the opening; ESRCH (thread gone) is not one.
  int open_thread(pid_t tid);
  int attach_ring(int fd, int cpu);
  /// The kernel gives every record full size, however little of the stack was copied.
  [[nodiscard]] size_t record_bytes() const {
    return config_.stack_bytes + size_t{config_.follows_frame_pointers ? 2048U : 1024U};
  }
  [[nodiscard]] size_t wanted_ring_pages() const;
  [[nodiscard]] size_t smallest_ring_pages() const;
  void deliver(CpuRing& cpu, std::span<const std::byte> bytes, SampleSink& sink);
  void deliver_sample(CpuRing& cpu, SampleRecord& record, SampleSink& sink);
  void deliver_tail(const CpuRing& cpu, const ReadRecord& record, SampleSink& sink);
  void set_apart_at_exec();
  [[nodiscard]] EventState& state_of(const EventKey& key, uint64_t value_ns);
  [[nodiscard]] bool is_duplicate(pid_t tid, uint64_t event_id) const;

  EngineConfig config_;
  PerfFeatures features_;
  perf_event_attr attr_{};
  std::vector<Event> events_;
  std::map<int, CpuRing> rings_;  // by CPU
  std::vector<int> wake_fds_;
  std::unordered_map<EventKey, EventState, EventKeyHash> counts_;
  // Of the threads there were at an exec, but the leader: all but one are dead, and that one has the leader's id now.
  std::unordered_map<EventKey, EventState, EventKeyHash> before_exec_;
  std::unordered_map<uint64_t, uint64_t> ended_children_ns_;  // final counts of inherited events, by event id
  // Threads first seen in a second listing: they may be inherited AND opened. Only their own events count.
  std::unordered_map<pid_t, std::unordered_set<uint64_t>> own_events_;
  bool first_listing_ = true;
  bool is_mmap_refused_ = false;
  size_t ring_pages_ = 0;  // of every CPU
  EngineLimits limits_;
  EngineLoss loss_;
};

}  // namespace prof
