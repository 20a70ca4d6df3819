#include "capture/thread_look.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "capture/thread_stat.h"

namespace prof {
namespace {

std::string_view next_word(std::string_view& text) {
  const size_t end = std::min(text.find_first_of(" \n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class Number>
Number parse(std::string_view word, int base) {
  if (base == 16 && word.starts_with("0x")) word.remove_prefix(2);
  Number value{};
  std::from_chars(word.data(), word.data() + word.size(), value, base);
  return value;
}

Activity activity_of(char state) {
  if (state == 'D') return Activity::disk;
  return state == 'T' || state == 't' ? Activity::stopped : Activity::sleeping;
}

}  // namespace

int ThreadLook::open() {
  schedstat_ = open_task_file(pid_, tid_, "schedstat");
  if (!schedstat_.valid()) return errno;
  syscall_ = open_task_file(pid_, tid_, "syscall");
  if (!syscall_.valid()) return errno;
  // The file opens for everyone; reading it takes the same right as PTRACE_ATTACH (kernel, lock_trace()).
  char first = 0;
  return pread(syscall_.get(), &first, 1, 0) < 0 ? errno : 0;
}

std::optional<RunCount> ThreadLook::run_count() const {
  TaskText buffer;
  std::string_view text = read_start(schedstat_, buffer);
  if (text.empty()) return std::nullopt;
  RunCount count;
  count.cpu_ns = parse<uint64_t>(next_word(text), 10);
  count.waited_ns = parse<uint64_t>(next_word(text), 10);
  count.turns = parse<uint64_t>(next_word(text), 10);
  return count;
}

std::optional<BlockedPlace> ThreadLook::blocked_place() const {
  TaskText buffer;
  std::string_view text = read_start(syscall_, buffer);
  // `running`, or: number, six arguments, sp, pc. Number −1: it sleeps elsewhere than in a call, and no arguments.
  if (text.empty() || text[0] == 'r') return std::nullopt;
  BlockedPlace place;
  place.system_call = parse<int32_t>(next_word(text), 10);
  constexpr int kArguments = 6;
  for (int i = 0; place.system_call != kNoSystemCall && i < kArguments; i++) next_word(text);
  place.sp = parse<uint64_t>(next_word(text), 16);
  place.pc = parse<uint64_t>(next_word(text), 16);
  const char now = state();
  if (now == 0 || now == 'R') return std::nullopt;
  place.activity = activity_of(now);
  return place;
}

bool ThreadLook::is_running() const { return state() == 'R'; }

char ThreadLook::state() const {
  // Opened anew: it is wanted once per sleep, and a third descriptor for each thread would be dear.
  const UniqueFd stat = open_task_file(pid_, tid_, "stat");
  TaskText buffer;
  const std::string_view text = read_start(stat, buffer);
  // The name before the state may hold spaces and parentheses.
  const size_t name_end = text.rfind(") ");
  return name_end == std::string_view::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

void ThreadLook::read_stack(uint64_t sp, size_t most, std::vector<std::byte>& stack) const {
  stack.resize(most);
  const iovec local{stack.data(), most};
  const iovec remote{reinterpret_cast<void*>(sp), most};
  const ssize_t copied = process_vm_readv(tid_, &local, 1, &remote, 1, 0);
  stack.resize(static_cast<size_t>(std::max<ssize_t>(copied, 0)));
}

bool is_32_bit_program(pid_t pid) {
  const UniqueFd exe(::open(("/proc/" + std::to_string(pid) + "/exe").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<unsigned char, EI_NIDENT> start{};
  return pread(exe.get(), start.data(), start.size(), 0) == EI_NIDENT && start[EI_CLASS] == ELFCLASS32;
}

int memory_refused(pid_t pid) {
  // The right is looked at before the address: nothing is mapped at 0, so the answer of one who may read is EFAULT.
  std::byte nothing{};
  const iovec local{&nothing, 1};
  const iovec remote{nullptr, 1};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) >= 0) return 0;
  return errno == EFAULT ? 0 : errno;
}

}  // namespace prof
