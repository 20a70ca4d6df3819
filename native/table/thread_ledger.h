// What each thread has used and what of it samples have carried. A period of sampling leaves a rest: the time since
// a thread's last sample. The ledger gives that rest to the thread's last stack, so that the weights add up to the
// CPU clock, and takes it off the next sample. Only what the ring lost is never given to another stack.
//
// Events and the CPU clock do not measure the same: a context switch is charged to a thread but not counted by its
// events (1 to 2 us each, two fifths of the time of a thread that does little else), and time that a hypervisor took
// away is counted but not charged. The clock is the truth, so weights are scaled by used / measured.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace prof {

/// A thread's CPU time at some moment; nothing when it is gone.
struct ThreadClock {
  pid_t tid = 0;
  std::optional<uint64_t> used_ns;
};

class ThreadLedger {
 public:
  struct Tail {
    pid_t tid;
    uint32_t thread;  // index
    uint32_t stack;
    uint64_t weight_ns;
  };
  struct Known {
    uint32_t thread;
    bool is_new;
  };

  /// Samples come each `period_ns` of a thread's time: on average half of it has passed since the last one, which is no
  /// reason to scale anything.
  void set_period(uint64_t period_ns) { period_ns_ = period_ns; }
  /// Index of a thread; a new one starts with the CPU time it had used before we looked.
  Known know(pid_t tid, uint64_t used_before_ns);
  /// Books a sample and returns what of its weight no tail has carried already.
  uint64_t book_sample(pid_t tid, uint32_t stack, uint64_t weight_ns);
  /// Books a sample that tells the thread's own CPU time `used_ns` and returns what of it nothing has carried yet.
  uint64_t book_clock(pid_t tid, uint32_t stack, uint64_t used_ns);
  /// The rest of a thread up to its CPU time `used_ns`; weight 0 when there is none to give. Without a
  /// sample since the last settling never more than `limit_ns` beyond what samples confirm, with one that much more
  /// than it used since: a thread that the engine sees no more must not look busy.
  Tail settle(pid_t tid, uint64_t used_ns, uint64_t limit_ns);
  /// Every thread has been settled, when the process had used `process_ns` since accounting began: threads that say
  /// too little by themselves are scaled like all together.
  void end_round(uint64_t process_ns);
  /// The same when records were lost: what was lost must not be taken for a scale.
  void restart_scale(uint64_t process_ns);
  /// The thread has ended; `tail_ns` is what its counters held beyond its last sample. Its tid may be reused.
  /// `thread` has no stack (0) if it never was sampled.
  Tail end(pid_t tid, uint64_t tail_ns);
  /// After a settling, when the process had used `process_ns` since accounting began: what the clocks of the living do
  /// not hold was used by threads that ended, and goes to those that were found ended since the last settling. Where
  /// there is none, it waits for the next.
  std::vector<Tail> settle_ended(uint64_t process_ns, uint64_t limit_ns);
  /// The same when records were lost: what was lost is nobody's.
  void forgive_ended(uint64_t process_ns);
  /// The process has ended and used `used_ns` in all since it was known: what no thread carried (the moments between
  /// the last settling and the end) goes to the threads that were there, in proportion to what they carry.
  std::vector<Tail> close(uint64_t used_ns, uint64_t limit_ns);
  /// An exec: the leader's id is now that of the thread which called it, and that thread's clock says `used_ns`. Its
  /// account goes on under the leader's id: it is the one whose clock was last seen nearest below.
  void exec(pid_t leader, uint64_t used_ns);
  /// Another engine measures from now on, when threads had used `clocks`: what the old one's samples were given ahead
  /// is not theirs to give back. What it left of a thread stays to be carried if it `carried_all`; else (it left out
  /// kernel time on purpose) that is accounted elsewhere. Two kinds of engine do not share their scales.
  void change_engine(std::span<const ThreadClock> clocks, bool carried_all, bool keeps_scales);
  /// Forgets time that was lost: it will not turn up as a rest.
  void forgive(pid_t tid, uint64_t used_ns);
  /// The thread is not in /proc any more. Its records may still be in a ring, so it is dropped the second time.
  void mark_gone(pid_t tid);
  /// The thread is gone and nothing of it is under way.
  void forget(pid_t tid) { accounts_.erase(tid); }
  [[nodiscard]] std::vector<pid_t> tids() const;
  /// By samples and tails, of all threads, ended ones too.
  [[nodiscard]] uint64_t carried_ns() const { return carried_ns_; }
  [[nodiscard]] size_t size() const { return accounts_.size(); }

 private:
  struct Account {
    uint32_t thread = 0;
    uint32_t last_stack = 0;
    uint64_t base_ns = 0;     // CPU time that is not ours to explain
    uint64_t carried_ns = 0;  // by samples and tails
    uint64_t measured_ns = 0;  // by samples, before scaling
    uint64_t settled_used_ns = 0;      // both when last settled
    uint64_t settled_measured_ns = 0;
    double scale = 0;          // used / measured when last settled; 0 while that says too little
    uint64_t advance_ns = 0;  // carried by a tail, to be taken off the next sample
    bool is_gone = false;

    /// Of the time it was last seen to have used.
    [[nodiscard]] uint64_t rest_ns() const { return settled_used_ns - std::min(settled_used_ns, carried_ns); }
    /// The thread's clock as it was surely seen last.
    [[nodiscard]] uint64_t seen_ns() const {
      return base_ns + std::max(settled_used_ns, carried_ns - std::min(carried_ns, advance_ns));
    }
  };

  /// CPU time of threads that are no more, carried by nothing.
  [[nodiscard]] uint64_t ended_rest_ns(uint64_t process_ns) const;
  /// Parts `gap_ns` among accounts in proportion to what they carry.
  std::vector<Tail> part(uint64_t gap_ns, uint64_t limit_ns, bool only_gone);

  std::unordered_map<pid_t, Account> accounts_;
  // Since the engine that measures now began.
  uint64_t carried_ns_ = 0;      // by all threads, ended ones too
  double scale_ = 1.0;           // of all threads together
  uint64_t measured_ns_ = 0;     // by samples and ends of all threads, before scaling
  uint64_t scale_measured_from_ns_ = 0;
  uint64_t scale_used_from_ns_ = 0;
  uint64_t forgiven_ns_ = 0;     // lost with threads that ended
  uint64_t period_ns_ = 0;
  uint32_t next_thread_ = 0;
};

}  // namespace prof
