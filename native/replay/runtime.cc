// The `runtime` command: what the frames of a live process are, by snapshots, for comparison with a map of its code.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "replay/commands.h"
#include "replay/tracee.h"
#include "runtime/runtime_names.h"
#include "target_modules.h"

namespace prof::replay {
namespace {

constexpr size_t kStackLimit = 1 << 16;
constexpr useconds_t kBetweenUs = 2000;

struct Snapshot {
  StackEnd end = StackEnd::root;
  Registers registers;
  std::vector<UnwoundFrame> frames;
  std::vector<RuntimeFrame> runtime_frames;
};

/// Stops the thread only while its registers and its stack are read.
bool take(pid_t tid, TargetModules& modules, ProcessMemory& memory, Unwinder& unwinder, const FrameSlots& slots,
          Snapshot& out) {
  ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
  int status = 0;
  waitpid(tid, &status, __WALL);
  Registers& registers = out.registers;
  registers = {};
  if (!read_registers(tid, registers)) return false;
  const auto stack = read_stack(memory, registers.sp(), modules.stack_top(registers.sp()), kStackLimit);
  // A signal that it was about to get is its own.
  const int signal = WIFSTOPPED(status) && status >> 16 == 0 ? WSTOPSIG(status) : 0;
  ptrace(PTRACE_CONT, tid, nullptr, signal);
  const StackCopy copy{registers.sp(), stack};
  out.end = unwinder.unwind(registers, copy, out.frames);
  out.runtime_frames.clear();
  for (const auto& [address, range, frame_pointer] : out.frames) {
    RuntimeFrame frame{address, range == nullptr || range->module == kNoModule, out.runtime_frames.empty()};
    if (frame.is_leaf) frame.registers = &registers;
    read_slots(frame, frame_pointer, slots,
               [&copy](uint64_t at, uint64_t& word) { return copy.read_word(at, word); });
    if (!frame.is_leaf) frame.callee = out.runtime_frames.back().address;
    out.runtime_frames.push_back(frame);
  }
  return true;
}

void print(const Snapshot& snapshot, std::span<const NamedFrame> named, std::span<const RuntimeFunction> functions) {
  for (size_t i = 0; i < named.size(); i++) {
    const RuntimeFrame& frame = snapshot.runtime_frames[i];
    const bool is_ours = frame.is_generated || snapshot.frames[i].frame_pointer != 0;
    const char kind = frame.is_generated ? 'g' : is_ours ? 'b' : 'n';
    std::printf("%lx %c %d ", frame.address, kind, static_cast<int>(named[i].as));
    const char* before = "";
    for (const FunctionPlace& place : named[i].places) {
      const RuntimeFunction& function = functions[place.function];
      std::printf("%s%s\t%s:%u", before, function.name.c_str(), function.script.c_str(), function.line);
      if (place.line != 0) std::printf("@%u", place.line);
      before = "\t<\t";
    }
    std::puts("");
  }
  std::printf("end %d\n\n", static_cast<int>(snapshot.end));
}

}  // namespace

int run_runtime(Arguments arguments) {
  if (arguments.size() < 2 || arguments.size() > 3) return 2;
  const pid_t pid = std::atoi(arguments[0]);
  const char* const thread = std::strchr(arguments[0], '/');
  const pid_t tid = thread == nullptr ? pid : std::atoi(thread + 1);
  const int count = std::atoi(arguments[1]);
  const auto late_us = static_cast<useconds_t>(arguments.size() > 2 ? std::atoi(arguments[2]) : 0);
  TargetModules modules(pid);
  ProcessMemory memory(pid);
  if (modules.refresh() != 0) return 1;
  modules.wait_ready(std::chrono::seconds(60));
  modules.adopt_ready();
  RuntimeNames names(memory);
  for (const CodeRange& range : modules.code_map().ranges()) {
    if (range.module == kNoModule) continue;
    const ModuleInfo& module = modules.modules()[range.module];
    if (module.fd >= 0) names.look_at(FileSource(module.fd, module.size), range.bias);
  }
  const auto slots = names.slots();
  const RuntimeState state = names.state();
  std::fprintf(stderr, "%s problem %d %s\n", state.runtime.c_str(), static_cast<int>(state.problem),
               state.constant.c_str());
  if (!slots) return 1;
  Unwinder unwinder(modules.code_map(), memory);
  std::vector<RuntimeFunction> functions;
  std::vector<NamedFrame> named;
  Snapshot snapshot;
  uint64_t naming_ns = 0;
  int whole = 0;
  if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) return 1;
  for (int i = 0; i < count; i++) {
    usleep(kBetweenUs);
    if (i % 50 == 0 && modules.refresh() == 0) unwinder.flush();
    unwinder.set_runtime(names.code(monotonic_ns()));
    if (!take(tid, modules, memory, unwinder, *slots, snapshot)) return 1;
    whole += snapshot.end == StackEnd::root ? 1 : 0;
    if (late_us > 0) usleep(late_us);
    const auto before = std::chrono::steady_clock::now();
    names.name(snapshot.runtime_frames, named);
    if (i >= count / 2) naming_ns += static_cast<uint64_t>((std::chrono::steady_clock::now() - before).count());
    for (RuntimeFunction& function : names.take_new()) functions.push_back(std::move(function));
    print(snapshot, named, functions);
  }
  std::fprintf(stderr, "%d of %d reach the root\n", whole, count);
  std::fprintf(stderr, "naming %.1f us a sample, warm\n", static_cast<double>(naming_ns) / (count - count / 2) / 1000);
  return 0;
}

}  // namespace prof::replay
