// What runs inside the target: installs and removes our timers when the injector calls, and copies registers and the
// top of the stack into the ring when a timer fires. Freestanding: no libc, no data, no relocations, general
// registers only (asserted by build.py). It must not fault, block without end, or change anything it does not put
// back: every program we look at runs this.
#include "layout.h"
#include "python_walk.h"

namespace prof::payload {
namespace {

constexpr long kEagain = 11, kEbusy = 16, kEinval = 22, kEtimedout = 110;
constexpr long kSysMmap = 9, kSysMunmap = 11, kSysClose = 3, kSysSigaction = 13, kSysMadvise = 28, kSysGetpid = 39, kSysSigpending = 127,
               kSysSigtimedwait = 128, kSysGettid = 186, kSysTimerCreate = 222, kSysTimerSettime = 223,
               kSysTimerDelete = 226, kSysClockGettime = 228, kSysReadv = 310, kSysMemfdCreate = 319;
constexpr uint64_t kSaFlags = 0x4 | 0x08000000 | 0x04000000 | 0x10000000;  // SIGINFO ONSTACK RESTORER RESTART
constexpr uint64_t kSaRestart = 0x10000000;
constexpr int kSiTimer = -2;
constexpr size_t kGregsAt = 5;  // in a ucontext, 64-bit words
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr int kPatienceMs = 3000;

extern "C" {
extern const char enter[] __attribute__((visibility("hidden")));
extern const char restorer[] __attribute__((visibility("hidden")));
}

struct Timespec {
  int64_t seconds, ns;
};
struct Iovec {
  uint64_t base, size;
};
struct Action {
  uint64_t handler, flags, restorer, mask;
};

inline __attribute__((always_inline)) long call(long number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0,
                                                uint64_t d = 0, uint64_t e = 0, uint64_t f = 0) {
  long result;
  register uint64_t r10 __asm__("r10") = d;
  register uint64_t r8 __asm__("r8") = e;
  register uint64_t r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

inline uint64_t address(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }
inline uint64_t base() { return address(enter); }
inline const Command* command() { return reinterpret_cast<const Command*>(base() + kCommandAt); }
inline Outcome* outcome() { return reinterpret_cast<Outcome*>(base() + kScratchAt); }
inline Control* control() { return reinterpret_cast<Control*>(base() + kControlAt); }

constexpr uint64_t kMonotonicClock = 1, kProcessClock = 2, kThreadClock = 3;

inline uint64_t clock_ns(uint64_t clock) {
  Timespec time;
  call(kSysClockGettime, clock, address(&time));
  return static_cast<uint64_t>(time.seconds) * kSecondNs + static_cast<uint64_t>(time.ns);
}

/// Sleeps by waiting for no signal at all: unlike nanosleep or poll this leaves alone what the kernel keeps to restart
/// an interrupted call of the thread (its restart block).
inline void pause_us(int64_t us) {
  const uint64_t none = 0;
  const Timespec time{0, us * 1000};
  call(kSysSigtimedwait, address(&none), 0, address(&time), 8);
}

/// Waits until `value` is `wanted`; false when that takes seconds: whoever should answer is gone.
template <class Number>
bool wait_until(const Number* value, Number wanted) {
  for (int i = 0; i < kPatienceMs * 5; i++) {
    if (__atomic_load_n(value, __ATOMIC_SEQ_CST) == wanted) return true;
    pause_us(200);
  }
  return false;
}

bool fail(Call what, long error) {
  outcome()->call = what;
  outcome()->error = static_cast<int32_t>(error);
  return false;
}

/// A free slot and its position, or nothing. Bounded: each failed exchange means that another thread got its slot.
Slot* take_slot(Control* shared, uint64_t* position) {
  uint64_t at = __atomic_load_n(&shared->head, __ATOMIC_RELAXED);
  for (;;) {
    auto* slot = reinterpret_cast<Slot*>(shared->ring + (at & (shared->slots - 1)) * shared->slot_bytes);
    const uint64_t seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
    if (seq == at) {
      if (__atomic_compare_exchange_n(&shared->head, &at, at + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        *position = at;
        return slot;
      }
    } else if (static_cast<int64_t>(seq - at) < 0) {
      return nullptr;
    } else {
      at = __atomic_load_n(&shared->head, __ATOMIC_RELAXED);
    }
  }
}

/// The kernel copies what is mapped and never faults, whatever an address holds.
struct OwnMemory {
  uint64_t pid;

  long read(void* into, const PythonScratch::Piece* pieces, uint32_t count) const {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) bytes += pieces[i].size;
    const Iovec local{address(into), bytes};
    return call(kSysReadv, pid, address(&local), 1, address(pieces), count);
  }
};

static_assert(sizeof(PythonScratch) <= 16384);  // the smallest copy of a stack

/// The frames of Python code, which the program's next call would write over. Works in the room of the stack's copy,
/// which is made afterwards.
void copy_python_frames(Control* shared, Slot* slot) {
  slot->python = 0;
  if (__atomic_load_n(&shared->has_python, __ATOMIC_ACQUIRE) == 0) return;
  if (shared->stack_bytes < sizeof(PythonScratch)) return;
  uint64_t* kept = &shared->python_threads[static_cast<uint32_t>(slot->own_tid) % kPythonHints];
  uint64_t hint = __atomic_load_n(kept, __ATOMIC_RELAXED);
  PythonWalk walk(shared->python, OwnMemory{static_cast<uint64_t>(shared->pid)}, *reinterpret_cast<PythonScratch*>(slot + 1));
  slot->python = walk.walk(slot->own_tid, hint, slot->python_stack);
  __atomic_store_n(kept, hint, __ATOMIC_RELAXED);
}

void sample(Control* shared, uint64_t time_ns, const uint64_t* gregs) {
  uint64_t position = 0;
  Slot* slot = take_slot(shared, &position);
  if (slot == nullptr) {
    __atomic_fetch_add(&shared->lost, 1, __ATOMIC_RELAXED);
    return;
  }
  slot->time_ns = time_ns;
  slot->used_ns = clock_ns(kThreadClock);
  slot->own_tid = static_cast<int32_t>(call(kSysGettid));
  for (int i = 0; i < g_count; i++) slot->regs[i] = gregs[i];
  copy_python_frames(shared, slot);
  const Iovec local{address(slot + 1), shared->stack_bytes};
  const Iovec remote{gregs[g_rsp], shared->stack_bytes};
  const long copied = call(kSysReadv, static_cast<uint64_t>(shared->pid), address(&local), 1, address(&remote), 1);
  slot->stack_bytes = copied > 0 ? static_cast<uint32_t>(copied) : 0;
  slot->error = copied < 0 ? static_cast<int32_t>(-copied) : 0;
  __atomic_store_n(&slot->seq, position + 1, __ATOMIC_RELEASE);
}

/// The profiler has not renewed its lease: it is gone or suspended, and our timer must not go on.
void give_up_timer(Control* shared, int id) {
  call(kSysTimerDelete, static_cast<uint64_t>(id));
  for (uint32_t i = 0; i < shared->timer_count && i < kMaxTimers; i++) {
    if (shared->timers[i].id == id) __atomic_store_n(&shared->timers[i].id, -1, __ATOMIC_RELAXED);
  }
  __atomic_fetch_add(&shared->disarmed, 1, __ATOMIC_SEQ_CST);
}

inline bool is_process_wide(const Control* shared) { return shared->timers[0].own_tid == 0; }

/// The process timer fires once and is set again here. A periodic one could expire inside a handler: the kernel would
/// give that signal to another thread, and if that one sleeps in a system call, EINTR with it.
void set_next(Control* shared, int id) {
  const uint64_t now = clock_ns(kProcessClock);
  uint64_t next = shared->next_ns + shared->period_ns;
  // Never in the past: that would fire at once, in this handler.
  if (next < now + shared->period_ns / 4 || next > now + 2 * shared->period_ns) next = now + shared->period_ns;
  shared->next_ns = next;
  const Timespec once[2] = {{0, 0},
                            {static_cast<int64_t>(next / kSecondNs), static_cast<int64_t>(next % kSecondNs)}};
  call(kSysTimerSettime, static_cast<uint64_t>(id), 1, address(once));  // TIMER_ABSTIME
}

/// @param info siginfo: timer id at byte 16
void on_timer(Control* shared, const int32_t* info, const uint64_t* context) {
  const uint64_t time_ns = clock_ns(kMonotonicClock);
  const int id = info[4];
  if (time_ns > __atomic_load_n(&shared->lease_ns, __ATOMIC_RELAXED)) {
    give_up_timer(shared, id);
    return;
  }
  // A thread that works for us has no stack of its own to show: its time goes to the next sample.
  const bool works_for_us = context[kGregsAt + g_rip] - base() < kCodeBytes;
  const bool takes = !works_for_us && __atomic_load_n(&shared->enabled, __ATOMIC_SEQ_CST) != 0;
  if (takes) sample(shared, time_ns, context + kGregsAt);
  if (is_process_wide(shared)) set_next(shared, id);
}

/// @param info siginfo: code at byte 8, the timer's value at 24
void handler(int signal, const int32_t* info, const uint64_t* context) {
  Control* shared = control();
  __atomic_fetch_add(&shared->inflight, 1, __ATOMIC_SEQ_CST);
  const bool is_ours = info[2] == kSiTimer && reinterpret_cast<const uint64_t*>(info)[3] == shared->nonce;
  if (is_ours) on_timer(shared, info, context);
  else __atomic_fetch_add(&shared->stray, 1, __ATOMIC_RELAXED);
  const uint64_t chained = is_ours ? 0 : shared->old_action[0];
  __atomic_fetch_sub(&shared->inflight, 1, __ATOMIC_SEQ_CST);
  // All signals were taken, so this one is the program's own too.
  if (chained > 1) reinterpret_cast<void (*)(int, const int32_t*, const uint64_t*)>(chained)(signal, info, context);
}

long set_action(int signal, const Action* action, Action* old) {
  return call(kSysSigaction, static_cast<uint64_t>(signal), address(action), address(old), 8);
}

bool install_handler(Control* shared) {
  const Action ours{reinterpret_cast<uint64_t>(&handler), kSaFlags, address(restorer), ~uint64_t{0}};
  auto* old = reinterpret_cast<Action*>(shared->old_action);
  const long error = set_action(shared->signal, &ours, old);
  if (error < 0) return fail(Call::rt_sigaction, -error);
  Action now{};
  set_action(shared->signal, nullptr, &now);
  if (now.handler != ours.handler) return fail(Call::rt_sigaction, kEinval);
  shared->is_installed = 1;
  return true;
}

/// Clock ids are the kernel's encoding, in the target's own pid namespace (include/linux/posix-timers.h).
bool create_timer(Control* shared, Timer* timer) {
  uint64_t event[8] = {};
  event[0] = shared->nonce;
  auto* words = reinterpret_cast<int32_t*>(event);
  words[2] = shared->signal;
  words[3] = timer->own_tid == 0 ? 0 : 4;  // SIGEV_SIGNAL, SIGEV_THREAD_ID
  words[4] = timer->own_tid;
  const int32_t clock =
      timer->own_tid == 0 ? static_cast<int32_t>(~static_cast<uint32_t>(shared->pid) << 3 | 2)
                          : static_cast<int32_t>(~static_cast<uint32_t>(timer->own_tid) << 3 | 6);
  int32_t id = -1;
  long error = call(kSysTimerCreate, static_cast<uint64_t>(static_cast<int64_t>(clock)), address(event), address(&id));
  if (error < 0) return fail(Call::timer_create, -error);
  const Timespec period{static_cast<int64_t>(shared->period_ns / kSecondNs),
                        static_cast<int64_t>(shared->period_ns % kSecondNs)};
  const Timespec each[2] = {timer->own_tid == 0 ? Timespec{0, 0} : period, period};
  error = call(kSysTimerSettime, static_cast<uint64_t>(id), 0, address(each));
  if (error < 0) {
    call(kSysTimerDelete, static_cast<uint64_t>(id));
    return fail(Call::timer_settime, -error);
  }
  timer->id = id;
  return true;
}

/// Brings the timers to what the injector wishes. A timer that cannot be had keeps id -1.
bool follow(Control* shared) {
  bool all = true;
  for (uint32_t i = 0; i < shared->timer_count && i < kMaxTimers; i++) {
    Timer* timer = &shared->timers[i];
    if (timer->wish == Wish::runs && timer->id < 0) all = create_timer(shared, timer) && all;
    if (timer->wish == Wish::ends && timer->id >= 0) {
      call(kSysTimerDelete, static_cast<uint64_t>(timer->id));
      timer->id = -1;
    }
  }
  return all;
}

/// Takes back all that an attach has put into this process. The mapping itself stays: a thread may stand on the
/// handler's first instruction.
bool retire(Control* shared) {
  if (shared->magic != kMagic) return true;
  __atomic_store_n(&shared->enabled, 0, __ATOMIC_SEQ_CST);
  for (uint32_t i = 0; i < shared->timer_count && i < kMaxTimers; i++) {
    Timer* timer = &shared->timers[i];
    if (timer->id >= 0) call(kSysTimerDelete, static_cast<uint64_t>(timer->id));
    timer->id = -1;
  }
  if (shared->is_installed != 0) {
    Action now{};
    set_action(shared->signal, nullptr, &now);
    // Not if the program has installed its own since. SIG_IGN throws away what is still pending.
    if (now.handler == reinterpret_cast<uint64_t>(&handler)) {
      const Action ignore{1, 0x04000000, address(restorer), 0};
      set_action(shared->signal, &ignore, nullptr);
      set_action(shared->signal, reinterpret_cast<const Action*>(shared->old_action), nullptr);
    }
    shared->is_installed = 0;
  }
  if (shared->ring == 0) return true;
  if (!wait_until(&shared->inflight, 0)) return fail(Call::handler, kEbusy);
  call(kSysMunmap, shared->ring, shared->ring_bytes);
  shared->ring = 0;
  return true;
}

/// A descriptor of shared memory that may shrink no more once sealed and never be executed; older kernels know less.
long create_memory(const char* name) {
  const long fd = call(kSysMemfdCreate, address(name), 0x1 | 0x8);  // CLOEXEC NOEXEC_SEAL
  return fd == -kEinval ? call(kSysMemfdCreate, address(name), 0x1 | 0x2) : fd;  // CLOEXEC ALLOW_SEALING
}

/// Maps the memory that the injector has prepared.
bool map_memory(uint64_t fd, uint64_t ring_bytes) {
  Control* shared = control();
  // READ | WRITE; SHARED | FIXED, then SHARED | POPULATE
  const long at = call(kSysMmap, address(shared), kControlBytes, 3, 0x11, fd, 0);
  if (at < 0) return fail(Call::mmap, -at);
  const long ring = call(kSysMmap, 0, ring_bytes, 3, 0x8001, fd, kControlBytes);
  if (ring < 0 && ring > -4096) return fail(Call::mmap, -ring);
  call(kSysMadvise, static_cast<uint64_t>(ring), ring_bytes, 10);  // DONTFORK: a child has no use for the ring
  shared->ring = static_cast<uint64_t>(ring);
  shared->ring_bytes = ring_bytes;
  return true;
}

bool can_read_itself(int32_t pid) {
  uint64_t word = 0;
  const Iovec local{address(&word), sizeof word};
  const Iovec remote{address(&control()->magic), sizeof word};
  const long copied = call(kSysReadv, static_cast<uint64_t>(pid), address(&local), 1, address(&remote), 1);
  if (copied == sizeof word) return true;
  return fail(Call::process_vm_readv, copied < 0 ? -copied : kEagain);
}

/// Whether a handler for what comes all the time (SIGALRM, SIGURG, SIGVTALRM, SIGPROF) blocks our signal, too. Go's do.
bool is_masked(int signal) {
  constexpr uint64_t kFrequent = uint64_t{1} << 13 | 1 << 22 | 1 << 25 | 1 << 26;
  for (int frequent = 1; frequent <= 32; frequent++) {
    if ((kFrequent >> (frequent - 1) & 1) == 0) continue;
    Action action{};
    if (set_action(frequent, nullptr, &action) < 0 || action.handler <= 1) continue;
    if ((action.mask >> (signal - 1) & 1) != 0) return true;
  }
  return false;
}

bool attach(const Command* wanted, Outcome* result) {
  if (wanted->owns_control != 0 && !retire(control())) return false;
  const long fd = create_memory(wanted->name);
  if (fd < 0) return fail(Call::memfd_create, -fd);
  result->fd = static_cast<int32_t>(fd);
  result->pid = static_cast<int32_t>(call(kSysGetpid));
  result->clock_ns = clock_ns(kMonotonicClock);
  result->is_masked = is_masked(wanted->signal) ? 1 : 0;
  __atomic_store_n(&result->fd_ready, wanted->serial, __ATOMIC_SEQ_CST);
  const bool is_prepared = wait_until(&result->ack, wanted->serial) || fail(Call::handshake, kEtimedout);
  const bool is_mapped = is_prepared && map_memory(static_cast<uint64_t>(fd), wanted->ring_bytes);
  call(kSysClose, static_cast<uint64_t>(fd));
  if (!is_mapped) return false;
  Control* shared = control();
  shared->pid = result->pid;
  if (can_read_itself(result->pid) && install_handler(shared)) {
    if (follow(shared) || shared->timers[0].own_tid != 0) return true;
  }
  const Call refused = result->call;
  const int32_t error = result->error;
  retire(shared);
  return fail(refused, error);
}

/// A handler is to run for a thread that sleeps in a system call, and must end that call, as it would have without us.
/// What is ignored is pending only because we block it (sig_ignored, kernel/signal.c).
bool must_end_call(const Resume& resume) {
  if (resume.rip_behind_call == 0) return false;
  uint64_t pending = 0;
  call(kSysSigpending, address(&pending), 8);
  pending &= resume.blocked & ~resume.mask;
  for (int signal = 1; signal <= 64; signal++) {
    if ((pending >> (signal - 1) & 1) == 0) continue;
    Action action{};
    if (set_action(signal, nullptr, &action) < 0 || action.handler <= 1) continue;
    const bool restarts = resume.restarts_for_handlers != 0 && (action.flags & kSaRestart) != 0;
    if (!restarts) return true;
  }
  return false;
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) void payload_main() {
  const Command* wanted = command();
  Outcome* result = outcome();
  result->call = Call::none;
  result->error = 0;
  result->is_interrupted = 0;
  __atomic_store_n(&result->begun, wanted->serial, __ATOMIC_SEQ_CST);
  switch (wanted->operation) {
    case Operation::attach:
      attach(wanted, result);
      break;
    case Operation::follow:
      follow(control());
      break;
    case Operation::detach:
      retire(control());
      break;
  }
  result->is_interrupted = must_end_call(wanted->resume) ? 1 : 0;
  __atomic_store_n(&result->done, wanted->serial, __ATOMIC_SEQ_CST);
}

}  // namespace prof::payload
