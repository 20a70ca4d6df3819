// The `step` command: runs a program one instruction at a time and holds the unwinder to the shadow stack.
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "replay/commands.h"
#include "replay/sample_text.h"
#include "replay/shadow_stack.h"
#include "replay/tracee.h"
#include "target_modules.h"

namespace prof::replay {
namespace {

constexpr size_t kStackLimit = 1 << 16;
constexpr size_t kInstructionBytes = 16;
constexpr uint64_t kMaxPrintedMismatches = 20;

class Stepper {
 public:
  Stepper(pid_t pid, bool is_recording, bool knows_pc_and_sp_only)
      : pid_(pid),
        is_recording_(is_recording),
        knows_pc_and_sp_only_(knows_pc_and_sp_only),
        modules_(pid),
        memory_(pid),
        unwinder_(modules_.code_map(), memory_) {}

  int run() {
    if (!follow_mappings() || !read_registers(pid_, registers_)) return 1;
    first_sp_ = registers_.sp();
    int signal = 0;
    while (true) {
      if (signal == 0) check();
      const auto stopped_by = step(signal);
      if (!stopped_by) break;
      signal = *stopped_by;
    }
    std::printf("steps %lu equal %lu cut %lu\n", steps_, equal_, cut_);
    for (const auto& [place, count] : mismatches_) std::printf("differs %s %lu\n", place.c_str(), count);
    return 0;
  }

 private:
  bool follow_mappings() {
    if (modules_.refresh() != 0) return false;
    modules_.wait_ready(std::chrono::seconds(60));
    modules_.adopt_ready();
    unwinder_.flush();
    return true;
  }

  void check() {
    ++steps_;
    if (modules_.code_map().find(registers_.pc()) == nullptr) follow_mappings();
    const uint64_t top = modules_.stack_top(registers_.sp());
    const auto stack = read_stack(memory_, registers_.sp(), top, kStackLimit);
    const StackCopy copy{registers_.sp(), stack};
    StackEnd end = unwinder_.unwind(given_registers(), copy, frames_);
    shadow_.expect(registers_.pc(), expected_);
    if (end == StackEnd::root && has_expected_frames()) {
      ++equal_;
    } else if (knows_pc_and_sp_only_ && end != StackEnd::root && has_first_expected_frames()) {
      ++cut_;
    } else {
      report(end);
    }
    if (is_recording_) record(stack);
  }

  [[nodiscard]] Registers given_registers() const {
    if (!knows_pc_and_sp_only_) return registers_;
    Registers given;
    given.known = kPcAndSp;
    given.value[kRegRip] = registers_.pc();
    given.value[kRegRsp] = registers_.sp();
    return given;
  }

  [[nodiscard]] bool has_first_expected_frames() const {
    const auto is_same = [](const UnwoundFrame& frame, uint64_t address) { return frame.address == address; };
    return frames_.size() <= expected_.size() && std::equal(frames_.begin(), frames_.end(), expected_.begin(), is_same);
  }

  [[nodiscard]] bool has_expected_frames() const {
    return std::equal(frames_.begin(), frames_.end(), expected_.begin(), expected_.end(),
                      [](const UnwoundFrame& frame, uint64_t address) { return frame.address == address; });
  }

  void report(StackEnd end) {
    const CodeRange* range = frames_.front().range;
    const bool has_module = range != nullptr && range->module != kNoModule;
    const std::string module = has_module ? modules_.modules()[range->module].path : "-";
    const uint64_t va = frames_.front().address - (has_module ? range->bias : 0);
    const uint64_t function = has_module ? modules_.function_start(range->module, va) : 0;
    std::array<char, 32> start{};
    std::snprintf(start.data(), start.size(), "%lx", function);
    ++mismatches_[module + " " + start.data()];
    if (++reported_ > kMaxPrintedMismatches) return;
    std::printf("at %s %lx expected", module.c_str(), va);
    for (const uint64_t address : expected_) std::printf(" %lx", address);
    std::fputs(" got ", stdout);
    print_chain(end, frames_);
  }

  void record(std::span<const std::byte> stack) {
    std::map<uint32_t, size_t> numbers;
    for (const ModuleInfo& module : modules_.modules()) {
      if (module.opened_by == OpenedBy::vdso) continue;
      const ElfFile file = open_elf_path(module.path);
      if (!file.image) continue;
      numbers.emplace(module.id, numbers.size());
      print_module(*file.image);
    }
    for (const CodeRange& range : modules_.code_map().ranges()) {
      const auto number = numbers.find(range.module);
      print_range(range, number == numbers.end() ? "-" : std::to_string(number->second));
    }
    print_code();
    // What lies above the program's first stack pointer are its arguments and environment.
    print_state(registers_, stack.first(std::min<size_t>(stack.size(), first_sp_ - registers_.sp())));
    std::fputs("expect", stdout);
    for (const uint64_t address : expected_) std::printf(" %lx", address);
    std::putchar('\n');
  }

  // What the unwinder would read of the live process for this chain.
  void print_code() {
    for (const UnwoundFrame& frame : frames_) {
      std::array<std::byte, kLeafCodeBytes> code{};
      const uint64_t address = frame.address - kLeafCodeBefore;
      const size_t length = memory_.read(address, code);
      std::printf("code %lx %s\n", address, to_hex(std::span(code).first(length)).c_str());
    }
  }

  /// One instruction, or the delivery of a signal. The signal that stopped the thread, 0 for a plain step;
  /// nothing when the program has ended.
  std::optional<int> step(int signal) {
    const Registers before = registers_;
    std::array<std::byte, kInstructionBytes> code{};
    const size_t length = memory_.read(before.pc(), code);
    if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, signal) != 0) return std::nullopt;
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_ || !WIFSTOPPED(status)) return std::nullopt;
    if (!read_registers(pid_, registers_)) return std::nullopt;
    uint64_t top_word = 0;
    memory_.read(registers_.sp(), std::as_writable_bytes(std::span(&top_word, 1)));
    if (signal != 0) {
      shadow_.deliver_signal(before, registers_, top_word);
    } else {
      shadow_.step(before, registers_, std::span(code).first(length), top_word);
    }
    return WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
  }

  pid_t pid_;
  bool is_recording_;
  bool knows_pc_and_sp_only_;  // the unwinder is not told the other registers, and may end a chain early
  TargetModules modules_;
  ProcessMemory memory_;
  Unwinder unwinder_;
  ShadowStack shadow_;
  Registers registers_;
  std::vector<UnwoundFrame> frames_;
  std::vector<uint64_t> expected_;
  std::map<std::string, uint64_t> mismatches_;  // by module and function start
  uint64_t first_sp_ = 0;
  uint64_t steps_ = 0;
  uint64_t equal_ = 0;
  uint64_t cut_ = 0;
  uint64_t reported_ = 0;
};

pid_t start_traced(const char* const* command) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  personality(ADDR_NO_RANDOMIZE);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  execvp(command[0], const_cast<char* const*>(command));
  _exit(127);
}

}  // namespace

int run_step(Arguments arguments) {
  const auto has_flag = [&arguments](const char* flag) {
    return !arguments.empty() && std::strcmp(arguments[0], flag) == 0;
  };
  const bool is_recording = has_flag("--record");
  const bool knows_pc_and_sp_only = has_flag("--pc-and-sp");
  if (is_recording || knows_pc_and_sp_only) arguments = arguments.subspan(1);
  if (arguments.empty()) return 2;
  std::vector<const char*> command(arguments.begin(), arguments.end());
  command.push_back(nullptr);
  const pid_t pid = start_traced(command.data());
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
    std::fprintf(stderr, "cannot start %s\n", arguments[0]);
    return 1;
  }
  ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_EXITKILL);
  return Stepper(pid, is_recording, knows_pc_and_sp_only).run();
}

}  // namespace prof::replay
