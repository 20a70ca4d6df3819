#include "base/terminal_guard.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace prof {
namespace {

// A signal handler can only reach globals; there is one controlling terminal in a process.
std::array<char, 256> leave_text;
size_t leave_size = 0;
termios settings;
int terminal_fd = -1;
std::atomic<bool> is_guarded = false;

constexpr std::array kDeadlySignals = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
std::array<struct sigaction, kDeadlySignals.size()> previous_actions;

/// Async-signal-safe: write, tcsetattr and sigaction only (signal-safety(7)).
void on_deadly_signal(int number, siginfo_t* info, void*) {
  if (is_guarded.exchange(false)) {
    [[maybe_unused]] const ssize_t written = write(terminal_fd, leave_text.data(), leave_size);
    tcsetattr(terminal_fd, TCSANOW, &settings);
  }
  // Whoever was here before us (V8, the default) sees the signal next: a fault repeats when we return.
  for (size_t i = 0; i < kDeadlySignals.size(); i++) {
    if (kDeadlySignals[i] == number) sigaction(number, &previous_actions[i], nullptr);
  }
  // One that was sent (abort, kill) does not repeat by itself: si_code of a fault is positive. sigaction(2).
  if (info->si_code <= 0) raise(number);
}

}  // namespace

void guard_terminal(int fd, std::string_view leave_sequence) {
  if (tcgetattr(fd, &settings) != 0) return;
  terminal_fd = fd;
  leave_size = std::min(leave_sequence.size(), leave_text.size());
  std::copy_n(leave_sequence.begin(), leave_size, leave_text.begin());
  if (is_guarded.exchange(true)) return;
  struct sigaction action {};
  action.sa_sigaction = on_deadly_signal;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  for (size_t i = 0; i < kDeadlySignals.size(); i++) sigaction(kDeadlySignals[i], &action, &previous_actions[i]);
}

void release_terminal() {
  if (!is_guarded.exchange(false)) return;
  for (size_t i = 0; i < kDeadlySignals.size(); i++) sigaction(kDeadlySignals[i], &previous_actions[i], nullptr);
}

}  // namespace prof
