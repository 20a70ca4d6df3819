// Hands one thread of the target a piece of our code to run, in one short stop: stop, look, write, set the registers,
// let go. The thread runs the code without a tracer and goes on by itself where it was (payload/entry.S).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "capture/payload/layout.h"

namespace prof::injector {

/// A word of the target's memory to be written, executable or not.
struct Poke {
  uint64_t address;
  uint64_t word;
};

/// What to run. `pokes` is complete but for what depends on the stopped thread: `fill` writes that in place, without
/// allocating, since the thread stands still meanwhile.
class Errand {
 public:
  virtual ~Errand() = default;
  [[nodiscard]] virtual uint64_t entry() const = 0;
  /// The way back sets the thread's signal mask.
  [[nodiscard]] virtual bool restores_mask() const = 0;
  /// Signals that are not blocked meanwhile.
  [[nodiscard]] virtual uint64_t open_signals() const = 0;
  /// Called before the stop: the thread that will run it.
  virtual void set_thread(pid_t tid) = 0;
  [[nodiscard]] virtual std::span<const Poke> fill(const payload::Resume& resume) = 0;
};

enum class HandoverResult {
  given,
  not_now,  // the thread is where it must not be diverted: try again
  gone,
  refused,   // ptrace or the write: see error
  too_slow,  // it does not come to a stop
  halted,    // stopped by a signal: it would not run
  foreign,   // not 64-bit code
};

/// Code of ours that a thread must not be in: its way back would be overwritten.
struct CodeRange {
  uint64_t lo = 0;
  uint64_t hi = 0;
};

/// Runs on a thread of its own: whatever happens, its end lets go of everything it has seized.
HandoverResult hand_over(pid_t pid, pid_t tid, CodeRange ours, Errand& errand, int& error);

/// Stops `tid` and, if it stands outside of `range`, writes; it goes on as it was. The same results.
HandoverResult write_when_outside(pid_t pid, pid_t tid, CodeRange range, std::span<const Poke> pokes, int& error);

}  // namespace prof::injector
