#include "capture/tracee_stop.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "base/clock.h"

namespace prof {
namespace {

constexpr uint64_t kSnapshotPatienceNs = 50'000'000;
constexpr timespec kPollPause{0, 20'000};

long trace(int request, pid_t tid, void* address = nullptr, void* data = nullptr) {
  return ptrace(static_cast<__ptrace_request>(request), tid, address, data);
}

bool is_event_stop(int status) { return (status >> 16) == PTRACE_EVENT_STOP; }

/// Whether this is a child of ours whose exit status another thread of ours will ask for.
bool is_own_child(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  pid_t group = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Tgid:")) group = std::atoi(line.c_str() + 5);
    if (line.starts_with("PPid:")) return group == pid && std::atoi(line.c_str() + 5) == getpid();
  }
  return false;
}

/// As waitpid without waiting, but the end of a child of our own stays for its parent, which is this process, too: a
/// tracer in the parent's thread group reaps for both (wait_task_zombie, kernel/exit.c), and the status were lost.
pid_t take_change(pid_t tid, int& status) {
  constexpr int kLook = __WALL | __WNOTHREAD | WNOHANG;
  siginfo_t seen{};
  if (waitid(P_PID, static_cast<id_t>(tid), &seen, WSTOPPED | WEXITED | WNOWAIT | kLook) != 0) return -1;
  if (seen.si_pid == 0) return 0;
  const bool has_ended = seen.si_code == CLD_EXITED || seen.si_code == CLD_KILLED || seen.si_code == CLD_DUMPED;
  if (has_ended && is_own_child(tid)) {
    status = 0;
    return tid;
  }
  return waitpid(tid, &status, kLook);
}

/// Waits for the stop that we asked for. A signal that arrives first is handed on at once: kept back, or given
/// later, it would be seen at the wrong instruction (this killed a JVM, whose signals are its null checks).
StopOutcome wait_for_stop(pid_t pid, pid_t tid, uint64_t patience_ns, std::vector<pid_t>& late) {
  const uint64_t deadline = monotonic_ns() + patience_ns;
  for (;;) {
    int status = 0;
    const pid_t waited = take_change(tid, status);
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

/// What NT_PRSTATUS gives of 32-bit code: struct user_regs_struct32, arch/x86/include/asm/user_32.h.
struct Registers32 {
  uint32_t bx, cx, dx, si, di, bp, ax, ds, es, fs, gs, orig_ax, ip, cs, flags, sp, ss;
};

bool read_registers(pid_t tid, Snapshot& snapshot) {
  user_regs_struct regs{};
  iovec io{&regs, sizeof regs};
  if (trace(PTRACE_GETREGSET, tid, reinterpret_cast<void*>(NT_PRSTATUS), &io) != 0) return false;
  if (io.iov_len == sizeof(Registers32)) {
    Registers32 small{};
    std::memcpy(&small, &regs, sizeof small);
    snapshot.is_32_bit = true;
    snapshot.registers.value[kRegRip] = small.ip;
    snapshot.registers.value[kRegRsp] = small.sp;
    snapshot.in_syscall = static_cast<int32_t>(small.orig_ax) >= 0;
    return true;
  }
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

/// Whether it stands in a stop whose news another wait of this process has taken, as Node's wait for the end of a child
/// of its own does; with the signal to go on with. The kernel answers only for a thread that stands (ptrace(2)).
bool stands_unnoticed(pid_t tid, intptr_t& signal) {
  siginfo_t info{};
  if (trace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0) return false;
  signal = (info.si_code >> 8) == PTRACE_EVENT_STOP ? 0 : info.si_signo;
  return true;
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

StopOutcome snapshot_thread(pid_t pid, pid_t tid, size_t stack_bytes, PythonStacks* python, Snapshot& snapshot,
                            std::vector<pid_t>& late, int& error) {
  const StopOutcome stop = stop_thread(pid, tid, kSnapshotPatienceNs, late, error);
  if (stop != StopOutcome::taken) return stop;
  const bool has_registers = read_registers(tid, snapshot);
  if (has_registers) read_stack(tid, stack_bytes, snapshot);
  if (has_registers && python != nullptr) snapshot.python = python->read(tid);
  // Killed while it stood: still ours to reap, or its parent waits for ever.
  if (trace(PTRACE_DETACH, tid) != 0) late.push_back(tid);
  return has_registers ? StopOutcome::taken : StopOutcome::gone;
}

void release_late_stops(std::vector<pid_t>& late) {
  std::erase_if(late, [](pid_t tid) {
    int status = 0;
    const pid_t waited = take_change(tid, status);
    if (waited < 0 || (waited == tid && !WIFSTOPPED(status))) return true;
    intptr_t signal = 0;
    if (waited == tid) {
      signal = is_event_stop(status) ? 0 : WSTOPSIG(status);
    } else if (!stands_unnoticed(tid, signal)) {
      return false;
    }
    return trace(PTRACE_DETACH, tid, nullptr, reinterpret_cast<void*>(signal)) == 0;
  });
}

}  // namespace prof
