// The `live` command: one chain of a process that someone else keeps stopped (kill -STOP).
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "replay/commands.h"
#include "replay/sample_text.h"
#include "replay/tracee.h"
#include "target_modules.h"

namespace prof::replay {
namespace {

constexpr size_t kStackLimit = 1 << 20;

int print_chain_of(pid_t pid) {
  TargetModules modules(pid);
  ProcessMemory memory(pid);
  const int error = modules.refresh();
  if (error != 0) {
    std::fprintf(stderr, "maps of %d: %s\n", pid, std::strerror(error));
    return 1;
  }
  modules.wait_ready(std::chrono::seconds(60));
  modules.adopt_ready();
  Registers registers;
  if (!read_registers(pid, registers)) return 1;
  const auto stack = read_stack(memory, registers.sp(), modules.stack_top(registers.sp()), kStackLimit);
  Unwinder unwinder(modules.code_map(), memory);
  std::vector<UnwoundFrame> frames;
  const StackEnd end = unwinder.unwind(registers, {registers.sp(), stack}, frames);
  print_chain(end, frames);
  return 0;
}

}  // namespace

int run_live(Arguments arguments) {
  if (arguments.size() != 1) return 2;
  const pid_t pid = std::atoi(arguments[0]);
  if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0 ||
      ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) != 0) {
    std::fprintf(stderr, "ptrace of %d: %s\n", pid, std::strerror(errno));
    return 1;
  }
  int status = 0;
  waitpid(pid, &status, __WALL);
  const int result = print_chain_of(pid);
  ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return result;
}

}  // namespace prof::replay
