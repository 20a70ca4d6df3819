// Parses /proc/PID/maps (proc(5), "/proc/pid/maps"). Decides nothing about modules.
#pragma once

#include <errno.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prof {

struct Mapping {
  uint64_t lo = 0;  // absolute addresses [lo, hi)
  uint64_t hi = 0;
  uint64_t offset = 0;  // in the file
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  uint64_t inode = 0;  // 0: no file
  int prot = 0;        // PROT_READ | PROT_WRITE | PROT_EXEC
  std::string path;    // without " (deleted)"; "[vdso]" and the like for the kernel's own
  bool deleted = false;

  [[nodiscard]] bool is_executable() const;
};

/// One entry per well-formed line, in the order of the text; other lines are left out.
[[nodiscard]] std::vector<Mapping> parse_maps(std::string_view text);

struct MapsResult {
  int error = 0;  // errno of open or read; then `mappings` is empty
  std::vector<Mapping> mappings;

  /// 0 or errno. A leader that has ended reads as empty without an error.
  [[nodiscard]] int refusal() const { return error == 0 && mappings.empty() ? ESRCH : error; }
};

/// Reads the mappings of a live process, ascending by address. A process without memory (a zombie, a kernel
/// thread) gives none.
[[nodiscard]] MapsResult read_maps(pid_t pid);

}  // namespace prof
