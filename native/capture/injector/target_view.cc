#include "capture/injector/target_view.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/unique_fd.h"
#include "capture/threads.h"
#include "proc/maps.h"

namespace prof::injector {
namespace {

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51  // glibc before 2.34 does not name it
#endif

constexpr int kHighestSignal = 64;
constexpr int kLowestSignal = 35;  // 32 to 34 belong to libc
// Helper threads of node and V8 block everything; nobody waits there for a signal of ours.
constexpr int kBlocksEverything = 50;
// Calls that restart after a stop whatever their arguments: poll, nanosleep, futex, clock_nanosleep, ppoll. Not read:
// on a socket with a timeout it ends with EINTR.
constexpr std::array<long, 5> kRestarting = {7, 35, 202, 230, 271};

std::string task_of(pid_t pid, pid_t tid) { return std::to_string(pid) + "/task/" + std::to_string(tid); }

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

char state_of(pid_t pid, pid_t tid) {
  const std::string stat = read_line("/proc/" + task_of(pid, tid) + "/stat");
  const size_t name_end = stat.rfind(") ");
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? 'X' : stat[name_end + 2];
}

std::string namespace_of(const std::string& task, const char* kind) {
  std::array<char, 64> target{};
  const std::string path = "/proc/" + task + "/ns/" + kind;
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<size_t>(size)) : "";
}

struct BlockedAt {
  uint64_t sp;
  uint64_t pc;
};

/// Where a blocked thread stands: the last two fields of its `syscall` file. "running", or nothing when it is gone.
std::optional<BlockedAt> blocked_at(pid_t pid, pid_t tid) {
  const std::string call = read_line("/proc/" + task_of(pid, tid) + "/syscall");
  const size_t last = call.rfind(' ');
  const size_t before = last == std::string::npos ? last : call.rfind(' ', last - 1);
  if (before == std::string::npos) return std::nullopt;
  return BlockedAt{strtoull(call.c_str() + before, nullptr, 16), strtoull(call.c_str() + last, nullptr, 16)};
}

std::string field(const std::map<std::string, std::string>& status, const std::string& name) {
  const auto found = status.find(name);
  return found == status.end() ? "" : found->second;
}

}  // namespace

std::map<std::string, std::string> read_status(const std::string& task) {
  std::map<std::string, std::string> fields;
  std::ifstream file("/proc/" + task + "/status");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

uint64_t signal_bits(const std::map<std::string, std::string>& status, const std::string& name) {
  return strtoull(field(status, name).c_str(), nullptr, 16);
}

int choose_signal(pid_t pid) {
  uint64_t used = 0;
  for (const pid_t tid : list_threads(pid)) {
    const auto status = read_status(task_of(pid, tid));
    for (const char* name : {"SigCgt", "SigIgn", "SigPnd", "ShdPnd"}) used |= signal_bits(status, name);
    const uint64_t blocked = signal_bits(status, "SigBlk");
    if (std::popcount(blocked) <= kBlocksEverything) used |= blocked;
  }
  for (int signal = kHighestSignal; signal >= kLowestSignal; signal--) {
    if ((used >> (signal - 1) & 1) == 0) return signal;
  }
  return kHighestSignal;
}

std::vector<Candidate> stoppable_threads(pid_t pid) {
  std::vector<Candidate> found;
  for (const pid_t tid : list_threads(pid)) {
    const char state = state_of(pid, tid);
    if (state == 'R') found.push_back({tid, StopCost::cut_short});
    if (state != 'S') continue;
    const std::string call = read_line("/proc/" + task_of(pid, tid) + "/syscall");
    const long number = call.empty() || call[0] < '0' || call[0] > '9' ? -1 : strtol(call.c_str(), nullptr, 10);
    const bool restarts = std::find(kRestarting.begin(), kRestarting.end(), number) != kRestarting.end();
    found.push_back({tid, restarts ? StopCost::none : StopCost::interrupt});
  }
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
  return found;
}

bool all_stopped(pid_t pid) {
  const auto tids = list_threads(pid);
  return std::all_of(tids.begin(), tids.end(), [pid](pid_t tid) {
    const char state = state_of(pid, tid);
    return state == 'T' || state == 't';
  });
}

std::optional<uint64_t> blocked_pc(pid_t pid, pid_t tid) {
  const auto at = blocked_at(pid, tid);
  return at ? std::optional(at->pc) : std::nullopt;
}

bool has_tight_stack(pid_t pid) {
  // What the kernel pushes (with AVX-512 3.4 KB), and 1 KiB for the handler.
  const uint64_t needed = std::max<uint64_t>(getauxval(AT_MINSIGSTKSZ), 2048) + 1024;
  const auto mappings = read_maps(pid).mappings;
  for (const pid_t tid : list_threads(pid)) {
    const auto at = blocked_at(pid, tid);
    if (!at) continue;
    const auto holds = [&](const Mapping& mapping) { return at->sp >= mapping.lo && at->sp < mapping.hi; };
    const auto stack = std::find_if(mappings.begin(), mappings.end(), holds);
    // The main thread's grows by itself.
    if (stack != mappings.end() && stack->path != "[stack]" && at->sp - stack->lo < needed) return true;
  }
  return false;
}

bool thread_exists(pid_t pid, pid_t tid) {
  struct stat unused {};
  return stat(("/proc/" + task_of(pid, tid)).c_str(), &unused) == 0;
}

pid_t own_tid(pid_t pid, pid_t tid) {
  const std::string ids = field(read_status(task_of(pid, tid)), "NSpid");
  const size_t last = ids.find_last_of(" \t");
  const int id = std::atoi(ids.c_str() + (last == std::string::npos ? 0 : last + 1));
  return id > 0 ? id : tid;
}

Seccomp compare_seccomp(pid_t pid) {
  const std::string target = std::to_string(pid);
  const auto theirs = read_status(target);
  // No status: the target is gone, which the attach will find out.
  if (theirs.empty() || field(theirs, "Seccomp") == "0") return Seccomp::none;
  const auto ours = read_status("self");
  // Kernels before 5.9 do not count the filters: nothing can be compared.
  if (field(theirs, "Seccomp_filters").empty()) return Seccomp::other;
  for (const char* name : {"Seccomp", "Seccomp_filters", "NoNewPrivs"}) {
    if (field(theirs, name) != field(ours, name)) return Seccomp::other;
  }
  for (const char* kind : {"pid", "mnt", "user"}) {
    if (namespace_of(target, kind).empty() || namespace_of(target, kind) != namespace_of("self", kind)) {
      return Seccomp::other;
    }
  }
  const bool shares_group = read_all("/proc/" + target + "/cgroup") == read_all("/proc/self/cgroup");
  return shares_group ? Seccomp::as_ours : Seccomp::other;
}

bool is_64_bit(pid_t pid) {
  const UniqueFd fd(open(("/proc/" + std::to_string(pid) + "/exe").c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr header{};
  if (!fd.valid() || read(fd.get(), &header, sizeof header) != sizeof header) return true;
  return header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64;
}

}  // namespace prof::injector
