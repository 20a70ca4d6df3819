// The words between a capture engine and its injector, over one SOCK_SEQPACKET pair: a request, then one reply. The
// injector finishes and takes everything back when the other end closes, however that came about.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace prof::injector {

enum class RequestKind : uint32_t {
  attach,  // reply carries the descriptor of the shared memory
  rearm,   // create again the timers that the lease has ended
  detach,
};

/// How timers reach the running thread; the first leaves it to the injector to find out.
enum class Timers : uint32_t { automatic, process_wide, per_thread };

struct Request {
  RequestKind kind = RequestKind::attach;
  pid_t pid = 0;
  uint64_t period_ns = 0;
  uint32_t stack_bytes = 0;
  Timers timers = Timers::automatic;
};

struct Reply {
  int32_t error = 0;   // errno of `call`, 0 when all went well
  char call[24] = {};  // what was refused
  uint64_t base = 0;   // of the mapping in the target
  uint64_t ring_bytes = 0;
  int64_t clock_ahead_ns = 0;  // the target's CLOCK_MONOTONIC minus ours: time namespaces
  Timers timers = Timers::automatic;  // what runs
};

}  // namespace prof::injector
