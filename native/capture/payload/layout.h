// What the target, the injector and the engine share: the mapping that lies in the target and the ring. Plain data
// of fixed size, used by freestanding code too.
//
// The mapping (32 KiB, one per target, kept for the next attach):
//   code 8 KiB, read + execute | scratch 8 KiB: outcome, then the stack of our call | control 16 KiB, shared
// The last 512 bytes of the code hold the command of the next call; only a stopped thread's tracer writes them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "python_frames.h"

namespace prof::payload {

inline constexpr uint64_t kCodeBytes = 8192;
inline constexpr uint64_t kCommandAt = 7680;
inline constexpr uint64_t kScratchAt = kCodeBytes;
inline constexpr uint64_t kControlAt = 16384;
inline constexpr uint64_t kControlBytes = 16384;
inline constexpr uint64_t kRegionBytes = kControlAt + kControlBytes;

inline constexpr uint64_t kMagic = 0x32'69'75'74'66'6f'72'70;  // "proftui2": another layout, another number

/// Registers with which a thread goes on after our call; the order is known to entry.S.
struct Resume {
  uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rip, flags;
  uint64_t mask;     // the thread's own signal mask
  uint64_t blocked;  // the mask during the call
  // The thread sleeps in a system call that begins anew afterwards, unless a handler is to run first: then it goes on
  // here, behind the call, with EINTR. 0: it is in no such call.
  uint64_t rip_behind_call;
  uint64_t restarts_for_handlers;  // those with SA_RESTART do not end this call
};

enum class Operation : uint32_t { attach = 1, follow = 2, detach = 3 };

/// Written by the injector beside the code; the target only reads it.
struct Command {
  Resume resume;
  uint64_t serial;        // of this call, never 0
  Operation operation;
  int32_t tid;            // the thread that was given the call, in the injector's pid namespace
  uint32_t owns_control;  // the control in place belongs to this process (not to its parent before a fork)
  int32_t signal;         // ours: not blocked during the call, or the kernel would give it to a thread that sleeps
  uint64_t ring_bytes;
  char name[16];
};
static_assert(kCommandAt + sizeof(Command) <= kCodeBytes);

/// Which system call of the payload was refused; index into the injector's table of names.
enum class Call : uint32_t { none, memfd_create, handshake, mmap, process_vm_readv, rt_sigaction, timer_create, timer_settime, handler };

/// Start of the scratch pages: what the call did. The injector writes only `ack`.
struct Outcome {
  uint64_t begun;      // serial of the last call that began
  uint64_t fd_ready;   // serial of the call whose descriptor may be opened now
  uint64_t ack;        // serial of the call whose memory is prepared
  uint64_t done;       // serial of the last call that ended
  int32_t fd;
  int32_t pid;         // in the target's pid namespace
  uint64_t clock_ns;   // CLOCK_MONOTONIC of the target: a time namespace may shift it
  Call call;
  int32_t error;       // errno of `call`
  uint64_t is_interrupted;  // the way back is `rip_behind_call`; read by entry.S
  uint64_t is_masked;  // the program's own handlers may block our signal whenever it comes; known with `fd_ready`
};
static_assert(offsetof(Outcome, is_interrupted) == 56 && offsetof(Resume, rip_behind_call) == 160);

enum class Wish : uint32_t { none, runs, ends };

struct Timer {
  int32_t tid;      // in the profiler's pid namespace; 0 for the whole process
  int32_t own_tid;  // in the target's; 0 for the whole process
  int32_t id;       // of timer_create; -1 while there is none
  Wish wish;
};
inline constexpr uint32_t kMaxTimers = 740;
inline constexpr uint32_t kPythonHints = 256;

/// Shared by the target, the injector and the engine.
struct Control {
  uint64_t magic;
  uint64_t nonce;       // sigev_value of our timers
  int32_t pid;          // in the target's pid namespace
  int32_t signal;
  uint32_t enabled;
  int32_t inflight;     // handlers that run now
  uint64_t period_ns;
  uint64_t lease_ns;    // CLOCK_MONOTONIC of the target after which handlers delete their timers
  uint64_t ring;        // address in the target, 0 when unmapped
  uint64_t ring_bytes;
  uint64_t slots;       // a power of two
  uint64_t slot_bytes;
  uint64_t stack_bytes;
  uint64_t head;
  uint64_t lost;        // samples that found no free slot
  uint64_t next_ns;     // process clock: when the timer fires next
  uint64_t stray;       // signals that were not ours
  uint64_t disarmed;    // timers deleted because the lease was over
  uint32_t is_installed;
  uint32_t timer_count;
  uint64_t old_action[4];
  Timer timers[kMaxTimers];
  uint32_t has_python;  // `python` is filled in
  PythonTarget python;
  uint64_t python_threads[kPythonHints];  // by thread id: where its state was found; checked before it is believed
};
static_assert(sizeof(Control) <= kControlBytes);

/// General registers in the order of a ucontext's gregs (asm/sigcontext.h).
enum Greg { g_r8, g_r9, g_r10, g_r11, g_r12, g_r13, g_r14, g_r15, g_rdi, g_rsi, g_rbp, g_rbx, g_rdx, g_rax, g_rcx, g_rsp, g_rip, g_flags, g_count };

/// One sample. `seq` equals the position while free and position + 1 while full.
struct Slot {
  uint64_t seq;
  uint64_t time_ns;
  uint64_t used_ns;     // the thread's own CPU clock
  int32_t own_tid;
  uint32_t stack_bytes;
  int32_t error;
  uint32_t python;      // what the walk returned; 0: no Python stack was looked for
  uint64_t regs[g_count];
  PythonSample python_stack;
};

}  // namespace prof::payload
