#include "launch/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "base/process_end.h"

namespace prof {
namespace {

/// What the child says through its pipe; the end of the pipe says that exec has succeeded (O_CLOEXEC).
struct Word {
  int error;  // errno of execve; 0: it waits, stopped, and will exec when it is continued
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

/// A traced exec does not gain the rights of a setuid file or of file capabilities (cap_bprm_creds_from_file,
/// security/commoncap.c): such a program would fail only because it is profiled.
bool gains_rights(const std::string& path) {
  struct stat status {};
  if (geteuid() == 0 || stat(path.c_str(), &status) != 0) return false;
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) return true;
  return getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

// ---- In the child, between fork and exec: only async-signal-safe calls, no allocation.

void set_streams(CommandOutput output, int pipe_write) {
  if (output == CommandOutput::to_stderr) dup2(STDERR_FILENO, STDOUT_FILENO);
  if (output == CommandOutput::pipe) {
    setsid();
    // Whatever ends us, ends a command that nobody else could see or reach. It stays over exec: prctl(2).
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(pipe_write, STDOUT_FILENO);
    dup2(pipe_write, STDERR_FILENO);
  }
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    // Node marks all that it was given close-on-exec, and may have made a pipe non-blocking; no program expects
    // either of its standard streams.
    fcntl(fd, F_SETFD, 0);
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

void close_our_descriptors() {
  constexpr unsigned kCloseOnExec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
  constexpr int kFirst = STDERR_FILENO + 1;
  if (syscall(SYS_close_range, kFirst, ~0U, kCloseOnExec) == 0) return;
  constexpr int kMostByHand = 65536;
  for (int fd = kFirst; fd < kMostByHand; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// Ignored signals stay ignored over exec, and Node ignores SIGPIPE.
void reset_signals() {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

void say(int fd, int error) {
  const Word word{error};
  [[maybe_unused]] const ssize_t written = write(fd, &word, sizeof word);
}

[[noreturn]] void become(const LaunchSpec& spec, char** arguments, char** environment, int output, int result,
                         bool may_trace) {
  set_streams(spec.output, output);
  close_our_descriptors();
  reset_signals();
  // Traced, the exec itself stops us: the new program stands there with its own name and mappings.
  if (!may_trace || ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
    say(result, 0);
    kill(getpid(), SIGSTOP);
  }
  execve(spec.path.c_str(), arguments, environment);
  say(result, errno);
  constexpr int kNotStarted = 127;
  _exit(kNotStarted);
}

// ---- In the parent.

bool is_at_end(int fd) {
  pollfd state{fd, POLLIN, 0};
  return poll(&state, 1, 0) == 1 && (state.revents & POLLIN) == 0 && (state.revents & POLLHUP) != 0;
}

/// Waits for a change of this child only; an interrupted wait goes on.
int wait_for_change(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, WUNTRACED | __WNOTHREAD) < 0 && errno == EINTR) {
  }
  return status;
}

/// From traced to plainly stopped: it goes on with SIGSTOP in place of the trap.
void exchange_for_stop(pid_t pid) {
  ptrace(PTRACE_DETACH, pid, nullptr, reinterpret_cast<void*>(static_cast<intptr_t>(SIGSTOP)));
  wait_for_change(pid);
}

/// True when it stands before its first instruction, false when exec is still to come, or what refused it.
std::variant<bool, Refusal> wait_until_it_stands(pid_t pid, int result, const std::string& path) {
  for (;;) {
    const int status = wait_for_change(pid);
    if (!WIFSTOPPED(status)) {
      Word word{ECHILD};
      if (read(result, &word, sizeof word) != sizeof word) word.error = ECHILD;
      return Refusal{"execve", path, word.error};
    }
    if (is_at_end(result)) {
      exchange_for_stop(pid);
      return true;
    }
    pollfd spoken{result, POLLIN, 0};
    if (poll(&spoken, 1, 0) == 1) {
      Word word{0};
      [[maybe_unused]] const ssize_t size = read(result, &word, sizeof word);
      return false;
    }
    // A signal that came before the exec: it is the command's.
    ptrace(PTRACE_CONT, pid, nullptr, reinterpret_cast<void*>(static_cast<intptr_t>(WSTOPSIG(status))));
  }
}

}  // namespace

std::variant<LaunchedCommand, Refusal> launch(const LaunchSpec& spec) {
  auto result = make_pipe();
  auto output = spec.output == CommandOutput::pipe ? make_pipe() : Pipe{};
  if (!result || !output) return Refusal{"pipe2", spec.path, errno};
  std::vector<char*> arguments = pointers(spec.arguments);
  std::vector<char*> environment = pointers(spec.environment);
  const bool may_trace = !gains_rights(spec.path);
  // A handler of Node's must not run in the child.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    become(spec, arguments.data(), environment.data(), output->write.get(), result->write.get(), may_trace);
  }
  const int fork_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return Refusal{"fork", spec.path, fork_error};
  result->write.reset();
  LaunchedCommand launched{pid, std::move(output->read), UniqueFd()};
  const auto stands = wait_until_it_stands(pid, result->read.get(), spec.path);
  if (const auto* refusal = std::get_if<Refusal>(&stands)) return *refusal;
  if (!std::get<bool>(stands)) launched.exec_result = std::move(result->read);
  return launched;
}

int release(pid_t pid, int exec_result) {
  kill(pid, SIGCONT);
  if (exec_result < 0) return 0;
  const UniqueFd result(exec_result);
  Word word{0};
  ssize_t size = 0;
  do size = read(result.get(), &word, sizeof word);
  while (size < 0 && errno == EINTR);
  return size == sizeof word ? word.error : 0;
}

// A wait sees the ptrace stops of a child that another thread of ours traces, whatever it asks for
// (wait_consider_task, kernel/exit.c): so it looks first and waits only for what has ended.
std::optional<CommandEnd> reap(pid_t pid) {
  if (!has_ended(pid)) return std::nullopt;
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0 || info.si_pid != pid) return std::nullopt;
  if (info.si_code == CLD_EXITED) return CommandEnd{info.si_status, 0};
  return CommandEnd{0, info.si_status};
}

}  // namespace prof
