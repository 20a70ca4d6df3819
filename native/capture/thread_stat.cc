#include "capture/thread_stat.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

namespace prof {
UniqueFd open_task_file(pid_t pid, pid_t tid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/" + name;
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string_view read_start(const UniqueFd& fd, TaskText& buffer) {
  const ssize_t size = pread(fd.get(), buffer.data(), buffer.size(), 0);
  return size > 0 ? std::string_view(buffer.data(), static_cast<size_t>(size)) : std::string_view();
}

std::optional<uint64_t> used_ns(const UniqueFd& schedstat) {
  TaskText buffer;
  const std::string_view text = read_start(schedstat, buffer);
  uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

ThreadState state_of(const UniqueFd& stat) {
  TaskText buffer;
  std::string_view text = read_start(stat, buffer);
  const size_t name_start = text.find('(');
  const size_t name_end = text.rfind(") ");
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return {};
  ThreadState state;
  state.name = text.substr(name_start + 1, name_end - name_start - 1);
  text.remove_prefix(name_end + 2);
  state.is_running = text[0] == 'R';
  for (int field = 4; field <= 39; field++) {
    const size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return state;
    text.remove_prefix(blank + 1);
    const auto read = [&text](auto& value) { std::from_chars(text.data(), text.data() + text.size(), value); };
    if (field == 14) read(state.times.user);
    if (field == 15) read(state.times.system);
    if (field == 26) read(state.image.start_code);
    if (field == 27) read(state.image.end_code);
    if (field == 28) read(state.image.start_stack);
    if (field == 39) read(state.cpu);
  }
  return state;
}

uint64_t code_kib_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  uint64_t sum = 0;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmExe:") && !line.starts_with("VmLib:")) continue;
    const size_t digit = line.find_first_of("0123456789");
    uint64_t kib = 0;
    if (digit != std::string::npos) std::from_chars(line.data() + digit, line.data() + line.size(), kib);
    sum += kib;
  }
  return sum;
}

}  // namespace prof
