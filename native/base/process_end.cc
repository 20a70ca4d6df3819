#include "base/process_end.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/unique_fd.h"

namespace prof {
namespace {

/// For kernels before 5.3 and seccomp filters that refuse pidfd_open. Fields 3 (state) and 20 (threads) of
/// /proc/PID/stat: a leader that ended before its threads is shown as a zombie, too. proc_pid_stat(5).
bool has_ended_by_stat(pid_t pid) {
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return true;
  char state = 0;
  long threads = 0;
  constexpr const char* kStateAndThreads = " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld";
  if (sscanf(text.c_str() + name_end + 1, kStateAndThreads, &state, &threads) != 2) return true;
  return (state == 'Z' || state == 'X') && threads <= 1;
}

}  // namespace

bool has_ended(pid_t pid) {
  const UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) return errno == ESRCH || has_ended_by_stat(pid);
  // Readable when the last thread has ended: pidfd_poll(), kernel/fork.c.
  pollfd ended{fd.get(), POLLIN, 0};
  return poll(&ended, 1, 0) == 1;
}

}  // namespace prof
