// What /proc tells of a target before anything in it is touched: signals, threads, seccomp, mappings. Read only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace prof::injector {

/// Fields of a status file by name; empty when it cannot be read. `task` is "PID" or "PID/task/TID".
std::map<std::string, std::string> read_status(const std::string& task);

/// Bits of a signal mask field ("SigBlk" …), bit 0 = signal 1.
uint64_t signal_bits(const std::map<std::string, std::string>& status, const std::string& field);

/// A real-time signal that no thread of the target uses, or 64 when all are taken (Go catches nearly all): its old
/// action is kept, called for what is not ours, and put back.
int choose_signal(pid_t pid);

/// What a stop costs a thread.
enum class StopCost {
  none,       // asleep in a call that restarts by itself
  cut_short,  // running: a read or write under way may end early, mostly it costs nothing
  interrupt,  // asleep in a call that may end with EINTR
};

struct Candidate {
  pid_t tid = 0;
  StopCost cost = StopCost::interrupt;
};

/// Threads that can be stopped, cheapest first. Uninterruptible and stopped threads are left out.
std::vector<Candidate> stoppable_threads(pid_t pid);

/// Every thread is stopped by a signal, or frozen by its tracer.
[[nodiscard]] bool all_stopped(pid_t pid);

/// The pc of a thread that is blocked in a system call; nothing while it runs or when it is gone.
std::optional<uint64_t> blocked_pc(pid_t pid, pid_t tid);

/// A blocked thread has less room below its stack pointer than a signal frame and our handler need. Whether it has an
/// alternate stack cannot be told from outside.
[[nodiscard]] bool has_tight_stack(pid_t pid);

[[nodiscard]] bool thread_exists(pid_t pid, pid_t tid);

/// The thread's id in the target's own pid namespace: last column of NSpid.
pid_t own_tid(pid_t pid, pid_t tid);

enum class Seccomp { none, as_ours, other };

/// Whether the target runs under a filter, and whether all we can see says that it is the one we run under too: same
/// number of filters, same NoNewPrivs, same pid and mount namespace, same control group. Nothing but a rehearsal
/// proves then that our calls are allowed.
Seccomp compare_seccomp(pid_t pid);

/// 64-bit x86 code, by the ELF header of the executable; unreadable counts as yes, the stop looks again.
[[nodiscard]] bool is_64_bit(pid_t pid);

}  // namespace prof::injector
