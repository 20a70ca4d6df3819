// Two commands on live processes: `python` records what reading a Python stack reads, so that tests of versions that are
// not at hand can replay it; `python-dumps` prints stacks beside those that the process dumps itself.
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include "capture/payload/python_walk.h"
#include "replay/commands.h"
#include "runtime/heap_pieces.h"
#include "runtime/python_functions.h"
#include "runtime/python_layout.h"
#include "target_modules.h"

namespace prof::replay {
namespace {

constexpr uint32_t kDeep = 6;
constexpr int kTries = 3000;
constexpr useconds_t kBetweenUs = 2000;
constexpr int kDumpSignal = 34;  // SIGRTMIN of programs that use glibc

/// Keeps every word that was read, whole.
class RecordedReads : public HeapSource {
 public:
  explicit RecordedReads(HeapSource& memory) : memory_(memory) {}

  size_t read(uint64_t address, std::span<std::byte> out) override {
    const size_t got = memory_.read(address, out);
    for (uint64_t at = address & ~uint64_t{7}; at < address + got; at += 8) {
      uint64_t word = 0;
      if (memory_.read(at, std::as_writable_bytes(std::span(&word, 1))) == sizeof word) words_[at] = word;
    }
    return got;
  }
  size_t read_ranges(std::span<const WordRange>) override { return 0; }
  void forget() { words_.clear(); }

  void print() const {
    uint64_t next = 0;
    for (const auto& [at, word] : words_) {
      if (at != next) std::printf("%s%lx", next == 0 ? "" : "\n", at);
      std::printf(" %lx", word);
      next = at + 8;
    }
    std::puts("");
  }

 private:
  HeapSource& memory_;
  std::map<uint64_t, uint64_t> words_;
};

struct Interpreter {
  PythonBinary binary;
  uint64_t bias = 0;
};

std::optional<Interpreter> find_interpreter(const TargetModules& modules) {
  for (const CodeRange& range : modules.code_map().ranges()) {
    if (range.module == kNoModule) continue;
    const ModuleInfo& module = modules.modules()[range.module];
    if (module.fd < 0) continue;
    if (const auto binary = read_python_binary(FileSource(module.fd, module.size))) return Interpreter{*binary, range.bias};
  }
  return std::nullopt;
}

struct Stack {
  uint32_t seen = 0;
  payload::PythonSample sample;
};

void go_on(pid_t pid, int signal) { ptrace(PTRACE_CONT, pid, nullptr, static_cast<long>(signal)); }

/// Until it stands still as asked for, or for `signal`. Other signals that come on the way are handed on.
bool wait_for_stop(pid_t pid, int signal) {
  for (int status = 0; waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status);) {
    const bool is_asked_for = status >> 16 == PTRACE_EVENT_STOP;
    if (signal == 0 ? is_asked_for : !is_asked_for && WSTOPSIG(status) == signal) return true;
    go_on(pid, is_asked_for ? 0 : WSTOPSIG(status));
  }
  return false;
}

bool stop(pid_t pid) { return ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0 && wait_for_stop(pid, 0); }

Stack read_stack(pid_t pid, const payload::PythonTarget& target, HeapSource& memory) {
  Stack stack;
  payload::PythonScratch scratch;
  uint64_t hint = 0;
  stack.seen = payload::PythonWalk(target, HeapPieces{&memory}, scratch).walk(pid, hint, stack.sample);
  return stack;
}

void print_named(PythonFunctions& functions, const Stack& stack, uint32_t first_marker) {
  std::puts("stack");
  const std::span<const payload::PythonTexts> texts(stack.sample.texts, payload::text_count(stack.sample.texts));
  for (uint32_t i = 0; i < (stack.seen & 0xffff); i++) {
    if (stack.sample.frames[i].instruction >> 56 >= first_marker) continue;
    const auto* const known = functions.find(stack.sample.frames[i], texts);
    if (known == nullptr) std::puts("-");
    else if (!known->is_internal) std::printf("%s %s %u\n", known->function.name.c_str(), known->function.script.c_str(),
                                              functions.line_of(*known, stack.sample.frames[i]));
  }
}

/// One stop. True when the stack was deep enough, and printed.
bool print_stack(pid_t pid, const Interpreter& found, RecordedReads& memory) {
  memory.forget();
  const auto made = make_python_target(found.binary, found.bias, memory);
  const auto* const target = std::get_if<payload::PythonTarget>(&made);
  if (target == nullptr) return false;
  const auto [seen, sample] = read_stack(pid, *target, memory);
  const uint32_t count = seen & 0xffff;
  if (count < kDeep) return false;
  PythonFunctions functions(*target, found.binary.types.moved_by(found.bias), memory);
  const PythonTypes& types = found.binary.types;
  std::printf("binary %x %lx %lx %lx %lx %lx\ntid %d\n", found.binary.version, found.binary.runtime, types.code,
              types.text, types.bytes, found.bias, pid);
  for (uint32_t i = 0; i < count; i++) {
    const auto* const known = functions.find(sample.frames[i], {});
    std::printf("frame %lu ", sample.frames[i].instruction >> 56);
    if (known == nullptr) std::puts("-");
    else std::printf("%s %s:%u at %u\n", known->function.name.c_str(), known->function.script.c_str(),
                     known->function.line, functions.line_of(*known, sample.frames[i]));
  }
  std::puts("words");
  memory.print();
  return true;
}

/// The program runs while its interpreter is read: a moment later it may agree with itself.
std::optional<payload::PythonTarget> wait_for_target(const Interpreter& found, HeapSource& memory) {
  for (int i = 0; i < kTries; i++) {
    const auto made = make_python_target(found.binary, found.bias, memory);
    if (const auto* const target = std::get_if<payload::PythonTarget>(&made)) return *target;
    usleep(kBetweenUs);
  }
  return std::nullopt;
}

}  // namespace

int run_python(Arguments arguments) {
  if (arguments.size() != 1) return 2;
  const pid_t pid = std::atoi(arguments[0]);
  TargetModules modules(pid);
  if (modules.refresh() != 0) return 1;
  const auto found = find_interpreter(modules);
  ProcessMemory process(pid);
  RecordedReads memory(process);
  if (!found || ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return 1;
  for (int i = 0; i < kTries; i++) {
    usleep(kBetweenUs);
    if (!stop(pid)) return 1;
    const bool is_printed = print_stack(pid, *found, memory);
    go_on(pid, 0);
    if (is_printed) return 0;
  }
  return 1;
}

int run_python_dumps(Arguments arguments) {
  if (arguments.size() != 2) return 2;
  const pid_t pid = std::atoi(arguments[0]);
  TargetModules modules(pid);
  if (modules.refresh() != 0) return 1;
  const auto found = find_interpreter(modules);
  ProcessMemory memory(pid);
  if (!found || ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return 1;
  const auto target = wait_for_target(*found, memory);
  if (!target) return 1;
  PythonFunctions functions(*target, found->binary.types.moved_by(found->bias), memory);
  for (int i = std::atoi(arguments[1]); i > 0; i--) {
    // Gone: faulthandler of 3.13 crashes at about every thousandth instruction (dump_traceback in Python/traceback.c follows
    // the code of a frame that is just being left). The stacks until then stand.
    if (!stop(pid)) break;
    const Stack stack = read_stack(pid, *target, memory);
    syscall(SYS_tgkill, pid, pid, kDumpSignal);
    go_on(pid, 0);
    if (!wait_for_stop(pid, kDumpSignal)) break;
    go_on(pid, kDumpSignal);
    usleep(kBetweenUs);
    print_named(functions, stack, target->first_marker);
  }
  return 0;
}

}  // namespace prof::replay
