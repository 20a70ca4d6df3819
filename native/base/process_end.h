// Whether a process has ended, told without taking its end from whoever waits for it.
#pragma once

#include <sys/types.h>

namespace prof {

/// True once every thread of the process has ended, reaped or not: a zombie has ended. Never waits.
[[nodiscard]] bool has_ended(pid_t pid);

}  // namespace prof
