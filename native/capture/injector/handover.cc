#include "capture/injector/handover.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "capture/tracee_stop.h"

namespace prof::injector {
namespace {

constexpr uint64_t kPatienceNs = 300'000'000;
constexpr int kGetRseqConfiguration = 0x420f;  // linux/ptrace.h, kernel 5.13
constexpr int kGetSignalMask = 0x420a;
constexpr int kSetSignalMask = 0x420b;
constexpr uint64_t kUserCode64 = 0x33;  // the code segment of 64-bit user mode

/// Faults of the thread's own code: blocked, they would kill it at once.
constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }
constexpr uint64_t kSynchronous = bit(SIGILL) | bit(SIGTRAP) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGSEGV) | bit(SIGSYS);

long trace(int request, pid_t tid, uint64_t address = 0, uint64_t data = 0) {
  return ptrace(static_cast<__ptrace_request>(request), tid, address, data);
}

uint64_t mask_field(const char* status, const char* name) {
  const char* field = std::strstr(status, name);
  return field == nullptr ? 0 : strtoull(field + std::strlen(name), nullptr, 16);
}

/// A signal is on its way to this thread: a fault that belongs to this very instruction (a JVM's null check), or one
/// that must end the call it sleeps in. The file was opened before the stop.
bool has_signal_coming(const UniqueFd& status) {
  std::array<char, 4096> text{};
  if (pread(status.get(), text.data(), text.size() - 1, 0) <= 0) return true;
  const uint64_t own = mask_field(text.data(), "SigPnd:");
  const uint64_t open = ~mask_field(text.data(), "SigBlk:");
  return (own & kSynchronous) != 0 || ((own | mask_field(text.data(), "ShdPnd:")) & open) != 0;
}

template <class Value>
bool read_target(pid_t pid, uint64_t address, Value& value) {
  const iovec local{&value, sizeof value};
  const iovec remote{reinterpret_cast<void*>(address), sizeof value};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(sizeof value);
}

/// A thread inside a restartable sequence must be aborted when it was preempted; the kernel does that only if it
/// finds the pc there, and we would bring it back in the middle (linux/rseq.h).
bool is_in_restartable_sequence(pid_t pid, pid_t tid, uint64_t pc) {
  struct {
    uint64_t address;
    uint32_t size, signature, flags, pad;
  } configuration{};
  if (trace(kGetRseqConfiguration, tid, sizeof configuration, reinterpret_cast<uint64_t>(&configuration)) < 0) return false;
  constexpr uint64_t kSequenceAt = 8;
  uint64_t sequence = 0;
  if (configuration.address == 0 || !read_target(pid, configuration.address + kSequenceAt, sequence)) return false;
  struct {
    uint32_t version, flags;
    uint64_t start, size, abort;
  } section{};
  if (sequence == 0 || !read_target(pid, sequence, section)) return false;
  return pc - section.start < section.size;
}

/// The registers with which the thread goes on: as the kernel would restart an interrupted call of a thread that gets
/// no signal (arch_do_signal_or_restart, arch/x86/kernel/signal.c).
payload::Resume resume_of(const user_regs_struct& r, uint64_t mask, uint64_t blocked) {
  payload::Resume resume{r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,  r.r9,
                         r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip, r.eflags, mask, blocked, 0, 0};
  if (static_cast<int64_t>(r.orig_rax) < 0) return resume;
  constexpr uint64_t kSyscallInstruction = 2, kRestartSyscall = 219;
  constexpr int64_t kErestartsys = -512, kErestartnointr = -513, kErestartnohand = -514, kRestartBlock = -516;
  const auto result = static_cast<int64_t>(r.rax);
  if (result == kErestartsys || result == kErestartnointr || result == kErestartnohand) resume.rax = r.orig_rax;
  else if (result == kRestartBlock) resume.rax = kRestartSyscall;
  else return resume;
  if (result != kErestartnointr) resume.rip_behind_call = resume.rip;
  resume.restarts_for_handlers = result == kErestartsys ? 1 : 0;
  resume.rip -= kSyscallInstruction;
  return resume;
}

std::optional<int> write_words(pid_t tid, std::span<const Poke> pokes) {
  for (const Poke& poke : pokes) {
    if (trace(PTRACE_POKEDATA, tid, poke.address, poke.word) != 0) return errno;
  }
  return std::nullopt;
}

bool is_halted(pid_t tid) {
  siginfo_t info{};
  // In a group stop there is no siginfo: EINVAL. ptrace(2), "Group-stop".
  if (trace(PTRACE_GETSIGINFO, tid, 0, reinterpret_cast<uint64_t>(&info)) != 0) return errno == EINVAL;
  return info.si_signo != SIGTRAP;
}

HandoverResult divert(pid_t pid, pid_t tid, const UniqueFd& status, CodeRange ours, Errand& errand, int& error) {
  if (is_halted(tid)) return HandoverResult::halted;
  user_regs_struct regs{};
  iovec io{&regs, sizeof regs};
  if (trace(PTRACE_GETREGSET, tid, NT_PRSTATUS, reinterpret_cast<uint64_t>(&io)) != 0) return HandoverResult::gone;
  if (io.iov_len != sizeof regs || regs.cs != kUserCode64) return HandoverResult::foreign;
  if (has_signal_coming(status)) return HandoverResult::not_now;
  if (regs.rip >= ours.lo && regs.rip < ours.hi) return HandoverResult::not_now;
  if (is_in_restartable_sequence(pid, tid, regs.rip)) return HandoverResult::not_now;
  uint64_t mask = 0;
  if (trace(kGetSignalMask, tid, sizeof mask, reinterpret_cast<uint64_t>(&mask)) != 0) return HandoverResult::gone;
  uint64_t blocked = mask | ~(kSynchronous | errand.open_signals());
  const auto refused = write_words(tid, errand.fill(resume_of(regs, mask, blocked)));
  if (refused) {
    error = *refused;
    return error == ESRCH ? HandoverResult::gone : HandoverResult::refused;
  }
  regs.rip = errand.entry();
  regs.orig_rax = ~uint64_t{0};  // not in a call any more: the kernel must not restart one
  // The last change: before it the thread goes on as it was, after it as we want, whoever dies.
  if (trace(PTRACE_SETREGSET, tid, NT_PRSTATUS, reinterpret_cast<uint64_t>(&io)) != 0) return HandoverResult::gone;
  // The payload does this too, but a signal may come before the thread gets to run; it must still be pending then, to
  // end the call that the thread sleeps in. The way back sets the mask again, so it is safe from here on.
  if (errand.restores_mask()) trace(kSetSignalMask, tid, sizeof blocked, reinterpret_cast<uint64_t>(&blocked));
  return HandoverResult::given;
}

HandoverResult write_if_outside(pid_t tid, CodeRange range, std::span<const Poke> pokes, int& error) {
  user_regs_struct regs{};
  iovec io{&regs, sizeof regs};
  if (trace(PTRACE_GETREGSET, tid, NT_PRSTATUS, reinterpret_cast<uint64_t>(&io)) != 0) return HandoverResult::gone;
  if (regs.rip >= range.lo && regs.rip < range.hi) return HandoverResult::not_now;
  const auto refused = write_words(tid, pokes);
  if (!refused) return HandoverResult::given;
  error = *refused;
  return error == ESRCH ? HandoverResult::gone : HandoverResult::refused;
}

/// Seizes and stops the thread, does `work`, lets go. The calling thread must end soon after.
template <class Work>
HandoverResult while_stopped(pid_t pid, pid_t tid, int& error, Work work) {
  std::vector<pid_t> late;
  switch (stop_thread(pid, tid, kPatienceNs, late, error)) {
    case StopOutcome::gone:
      return HandoverResult::gone;
    case StopOutcome::refused:
      return HandoverResult::refused;
    case StopOutcome::too_slow:
      return HandoverResult::too_slow;
    case StopOutcome::taken:
      break;
  }
  const HandoverResult result = work();
  trace(PTRACE_DETACH, tid);
  return result;
}

/// ptrace belongs to a thread: a new one, whose end lets go of whatever it still holds.
template <class Work>
HandoverResult on_new_thread(Work work) {
  HandoverResult result = HandoverResult::gone;
  std::thread tracer([&] { result = work(); });
  tracer.join();
  return result;
}

}  // namespace

HandoverResult hand_over(pid_t pid, pid_t tid, CodeRange ours, Errand& errand, int& error) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/status";
  const UniqueFd status(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!status.valid()) return HandoverResult::gone;
  return on_new_thread([&] {
    return while_stopped(pid, tid, error, [&] { return divert(pid, tid, status, ours, errand, error); });
  });
}

HandoverResult write_when_outside(pid_t pid, pid_t tid, CodeRange range, std::span<const Poke> pokes, int& error) {
  return on_new_thread([&] {
    return while_stopped(pid, tid, error, [&] { return write_if_outside(tid, range, pokes, error); });
  });
}

}  // namespace prof::injector
