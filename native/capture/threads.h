// Threads of a process as /proc shows them: who is there, what CPU time each has used, how each is called.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace prof {

/// Thread ids of a process in no order; empty when it is gone.
std::vector<pid_t> list_threads(pid_t pid);

/// The same, busiest first: if descriptors run out, those that are followed carry most of the time.
std::vector<pid_t> threads_by_cpu_time(pid_t pid);

/// CPU time of one thread, ns: field 1 of schedstat, readable for any uid and without CONFIG_SCHEDSTATS.
/// A running thread's value may be one scheduler tick old.
std::optional<uint64_t> thread_cpu_ns(pid_t pid, pid_t tid);

/// The process that started it; 0 when it is gone.
pid_t parent_of(pid_t pid);

/// The thread's short name (comm), or "" when it is gone.
std::string thread_name(pid_t pid, pid_t tid);

}  // namespace prof
