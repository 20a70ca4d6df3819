#include "capture/threads.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string_view>

#include "base/unique_fd.h"

namespace prof {
namespace {

/// The first bytes of a small /proc file; empty when it cannot be read.
std::string read_start(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return "";
  std::array<char, 128> buffer{};
  const ssize_t size = read(fd.get(), buffer.data(), buffer.size());
  return size > 0 ? std::string(buffer.data(), static_cast<size_t>(size)) : "";
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{}) return std::nullopt;
  return value;
}

std::string task_path(pid_t pid, pid_t tid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/" + file;
}

}  // namespace

std::vector<pid_t> list_threads(pid_t pid) {
  std::vector<pid_t> tids;
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  const std::unique_ptr<DIR, CloseDir> dir(opendir(path.c_str()));
  if (!dir) return tids;
  while (const dirent* entry = readdir(dir.get())) {
    if (const auto tid = parse_number<pid_t>(entry->d_name)) tids.push_back(*tid);
  }
  return tids;
}

std::vector<pid_t> threads_by_cpu_time(pid_t pid) {
  std::vector<std::pair<uint64_t, pid_t>> keyed;
  for (const pid_t tid : list_threads(pid)) keyed.emplace_back(thread_cpu_ns(pid, tid).value_or(0), tid);
  std::sort(keyed.rbegin(), keyed.rend());
  std::vector<pid_t> tids;
  for (const auto& [cpu_ns, tid] : keyed) tids.push_back(tid);
  return tids;
}

std::optional<uint64_t> thread_cpu_ns(pid_t pid, pid_t tid) {
  return parse_number<uint64_t>(read_start(task_path(pid, tid, "schedstat")));
}

pid_t parent_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
  }
  return 0;
}

std::string thread_name(pid_t pid, pid_t tid) {
  std::string name = read_start(task_path(pid, tid, "comm"));
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

}  // namespace prof
