// Does everything to a child of our own first: a program of two threads, one busy and one asleep, attached and
// detached exactly like the target. It proves that every call of ours is allowed under the seccomp filter that we run
// under, and shows to which thread this kernel delivers the signal of a timer on the process clock.
#pragma once

#include <optional>

#include "base/refusal.h"

namespace prof::injector {

struct Rehearsal {
  std::optional<Refusal> refusal;   // of any step; SIGSYS is refused too
  bool reaches_running_thread = false;  // every sample came from the busy thread
};

Rehearsal rehearse();

}  // namespace prof::injector
