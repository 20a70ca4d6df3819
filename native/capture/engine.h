// What a capture engine is. Every refusal comes from open(), before anything is delivered; several engines may be
// alive at once, so none holds static state. All calls come from the one drain thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/refusal.h"
#include "capture/raw_sample.h"

namespace prof {

class PythonStacks;

struct EngineConfig {
  pid_t pid = 0;
  uint64_t period_ns = 0;
  uint32_t stack_bytes = 16384;
  bool user_only = false;       // exclude the kernel
  bool kernel_walks_user = false;  // mappings are unreadable: take the kernel's own user chain
  bool follows_frame_pointers = false;  // the kernel's own user chain, beside the copy
  PythonStacks* python = nullptr;  // the target's, if its samples may show them; outlives the engine
};

/// Where an engine that also sees blocked threads has the stacks of running ones from; order is `runningStacks` in
/// src/engine/native.ts.
enum class RunningStacks : uint8_t { same, events, stops, none };

/// What open() got, where it is less than asked for.
struct EngineLimits {
  uint32_t ring_kib = 0;          // per CPU
  uint32_t ring_kib_wanted = 0;
  uint32_t threads_followed = 0;
  uint32_t threads_refused = 0;   // alive, but no descriptor was left for them
  RunningStacks running_stacks = RunningStacks::same;
};

/// Running totals since open().
struct EngineLoss {
  uint64_t lost = 0;       // records the ring had no room for
  uint64_t lost_ns = 0;
  uint64_t throttled = 0;  // times the kernel held samples back
};

inline EngineLoss operator+(const EngineLoss& a, const EngineLoss& b) {
  return {a.lost + b.lost, a.lost_ns + b.lost_ns, a.throttled + b.throttled};
}

/// `syscall` of a failure: the target became another program, which took away what the engine had in it.
inline constexpr const char* kExecFailure = "exec";

class SampleSink {
 public:
  virtual ~SampleSink() = default;
  virtual void on_sample(const RawSample& sample) = 0;
  /// CPU time of a thread that no sample carried yet, known when the thread ends.
  virtual void on_thread_tail(pid_t tid, uint64_t tail_ns) = 0;
  /// The thread is gone and no sample of it will follow; its id may be reused.
  virtual void on_thread_gone(pid_t tid) = 0;
  virtual void on_thread_name(pid_t tid, std::string_view name) = 0;
  virtual void on_mappings_changed() = 0;
  virtual void on_exec() = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  /// Takes every resource; nothing is delivered yet. A refusal names the call that was refused.
  [[nodiscard]] virtual std::optional<Refusal> open(const EngineConfig& config) = 0;
  virtual void arm() = 0;
  virtual void disarm() = 0;
  /// Delivers until empty.
  virtual void drain(SampleSink& sink) = 0;
  /// The target has ended: delivers the CPU time its counters hold beyond the last samples, as thread tails.
  virtual void finish(SampleSink& sink) = 0;
  /// Descriptors whose readiness means "drain now".
  [[nodiscard]] virtual const std::vector<int>& wake_fds() const = 0;
  [[nodiscard]] virtual EngineLimits limits() const = 0;
  [[nodiscard]] virtual EngineLoss loss() const = 0;
  /// Why a running engine delivers nothing any more although the target lives; nothing while it works.
  [[nodiscard]] virtual std::optional<Refusal> failure() const { return std::nullopt; }
  /// CPU time the engine itself counted for the target since arm(), ended threads included; survives the target. 0 when
  /// it only reads the clocks of threads.
  [[nodiscard]] virtual uint64_t counted_ns() const = 0;
  /// The last time of each thread is told when it ends. False: it is what the process clock holds beyond the clocks of
  /// living threads.
  [[nodiscard]] virtual bool tells_thread_ends() const { return true; }
};

}  // namespace prof
