#include "capture/tracee_stop.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>

#include "base/clock.h"

namespace prof {
namespace {

constexpr uint64_t kSnapshotPatienceNs = 50'000'000;
constexpr timespec kPollPause{0, 20'000};

long trace(int request, pid_t tid, void* address = nullptr, void* data = nullptr) {
  return ptrace(static_cast<__ptrace_request>(request), tid, address, data);
}

bool is_event_stop(int status) { return (status >> 16) == PTRACE_EVENT_STOP; }

/// Waits for the stop that we asked for. A signal that arrives first is handed on at once: kept back, or given
/// later, it would be seen at the wrong instruction (this killed a JVM, whose signals are its null checks).
StopOutcome wait_for_stop(pid_t pid, pid_t tid, uint64_t patience_ns, std::vector<pid_t>& late) {
  const uint64_t deadline = monotonic_ns() + patience_ns;
  for (;;) {
    int status = 0;
    const pid_t waited = waitpid(tid, &status, __WALL | __WNOTHREAD | WNOHANG);
    if (waited < 0) {
      // An exec by this thread has given it the leader's id, under which it will stop for us.
      late.push_back(pid);
      return StopOutcome::gone;
    }
    if (waited == tid && !WIFSTOPPED(status)) return StopOutcome::gone;
    if (waited == tid) {
      if (is_event_stop(status)) return StopOutcome::taken;
      trace(PTRACE_CONT, tid, nullptr, reinterpret_cast<void*>(static_cast<intptr_t>(WSTOPSIG(status))));
      continue;
    }
    if (monotonic_ns() > deadline) return StopOutcome::too_slow;
    nanosleep(&kPollPause, nullptr);
  }
}

bool read_registers(pid_t tid, Snapshot& snapshot) {
  user_regs_struct regs{};
  iovec io{&regs, sizeof regs};
  if (trace(PTRACE_GETREGSET, tid, reinterpret_cast<void*>(NT_PRSTATUS), &io) != 0) return false;
  // 32-bit code has a smaller register set.
  if (io.iov_len != sizeof regs) return false;
  snapshot.registers.value = {regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi, regs.rbp, regs.rsp, regs.r8,
                              regs.r9,  regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15, regs.rip};
  // The entry code leaves the call's number in orig_rax; an interrupt leaves a negative value.
  snapshot.in_syscall = static_cast<int64_t>(regs.orig_rax) >= 0;
  return true;
}

/// Short where the stack ends before `size`: the call copies what it can.
void read_stack(pid_t tid, size_t size, Snapshot& snapshot) {
  snapshot.stack.resize(size);
  const iovec local{snapshot.stack.data(), size};
  const iovec remote{reinterpret_cast<void*>(snapshot.registers.sp()), size};
  const ssize_t copied = process_vm_readv(tid, &local, 1, &remote, 1, 0);
  snapshot.stack.resize(static_cast<size_t>(std::max<ssize_t>(copied, 0)));
}

}  // namespace

StopOutcome stop_thread(pid_t pid, pid_t tid, uint64_t patience_ns, std::vector<pid_t>& late, int& error) {
  // Seized for this one stop only: a tracer that stays sits in every fault and clone of the target.
  if (trace(PTRACE_SEIZE, tid) != 0) {
    error = errno;
    return errno == ESRCH ? StopOutcome::gone : StopOutcome::refused;
  }
  trace(PTRACE_INTERRUPT, tid);
  const StopOutcome stop = wait_for_stop(pid, tid, patience_ns, late);
  if (stop == StopOutcome::too_slow) late.push_back(tid);
  return stop;
}

StopOutcome snapshot_thread(pid_t pid, pid_t tid, size_t stack_bytes, Snapshot& snapshot, std::vector<pid_t>& late,
                            int& error) {
  const StopOutcome stop = stop_thread(pid, tid, kSnapshotPatienceNs, late, error);
  if (stop != StopOutcome::taken) return stop;
  const bool has_registers = read_registers(tid, snapshot);
  if (has_registers) read_stack(tid, stack_bytes, snapshot);
  // Killed while it stood: still ours to reap, or its parent waits for ever.
  if (trace(PTRACE_DETACH, tid) != 0) late.push_back(tid);
  return has_registers ? StopOutcome::taken : StopOutcome::gone;
}

void release_late_stops(std::vector<pid_t>& late) {
  std::erase_if(late, [](pid_t tid) {
    int status = 0;
    const pid_t waited = waitpid(tid, &status, __WALL | __WNOTHREAD | WNOHANG);
    if (waited == 0) return false;
    if (waited < 0 || !WIFSTOPPED(status)) return true;
    const intptr_t signal = is_event_stop(status) ? 0 : WSTOPSIG(status);
    return trace(PTRACE_DETACH, tid, nullptr, reinterpret_cast<void*>(signal)) == 0;
  });
}

}  // namespace prof
