// The workload behind `prof-tui demo`: a make-believe web server with named threads that uses about 80 % of one
// core and changes its shape every ten seconds. It opens no port and writes no file, ends with its parent and
// never lives longer than an hour.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "demo/work.h"

static constexpr unsigned kLongestLifeSeconds = 3600;

struct Descriptors {
  int zero;
  int log_reader;
  int log_writer;
};

static Descriptors files;  // set once, before the first thread starts

/// Sleeps so that the work since `begin` fills `duty` (0..1) of one core, whatever the speed of this machine.
static void pace(std::chrono::steady_clock::time_point begin, double duty) {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  std::this_thread::sleep_for(spent * (1 / duty - 1));
}

DEMO_FRAME static void serve_requests() {
  for (;;) {
    const auto begin = std::chrono::steady_clock::now();
    handle_request(current_mix(), files.zero, files.log_writer);
    pace(begin, 0.3);
  }
}

// Thread entries are plain functions: std::thread would put three template frames under every stack.
static void* http_worker(void*) {
  serve_requests();
  return nullptr;
}

static void* compressor(void*) {
  for (;;) {
    const auto begin = std::chrono::steady_clock::now();
    compress_block(3'000'000);
    pace(begin, 0.18);
  }
}

static void* log_follower(void*) {
  for (;;) {
    drain_log(files.log_reader);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

[[nodiscard]] static bool start_thread(const char* name, void* (*entry)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, entry, nullptr) != 0) return false;
  pthread_setname_np(thread, name);
  return true;
}

/// The demo must not outlive the program that started it, even when that one is killed.
static void live_and_die_with_parent() {
  const pid_t parent = getppid();
  alarm(kLongestLifeSeconds);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A parent that went before the prctl sends no signal.
  if (getppid() != parent) _exit(0);
}

int main() {
  live_and_die_with_parent();
  std::array<int, 2> pipe_ends;
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  if (zero < 0 || pipe2(pipe_ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    std::perror("demo");
    return 1;
  }
  files = {zero, pipe_ends[0], pipe_ends[1]};
  if (!start_thread("http-2", http_worker) || !start_thread("compressor", compressor) ||
      !start_thread("access-log", log_follower)) {
    std::fputs("demo: cannot start its threads\n", stderr);
    return 1;
  }
  // The main thread serves too and keeps its name: that is the name of the process.
  serve_requests();
}
