// Reads another process's memory. Needs ptrace access to it; nothing is stopped or changed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/unique_fd.h"
#include "unwind/unwinder.h"

namespace prof {

class ProcessMemory : public CodeReader {
 public:
  explicit ProcessMemory(pid_t pid) : pid_(pid) {}

  /// Fills a prefix of `out` from an absolute address; returns its length. 0: unreadable, last_error() says
  /// why (EPERM refused, EFAULT/EIO nothing mapped, ESRCH gone).
  size_t read(uint64_t address, std::span<std::byte> out);
  size_t read_code(uint64_t address, std::span<std::byte> out) override { return read(address, out); }
  [[nodiscard]] int last_error() const { return last_error_; }

 private:
  size_t read_by_file(uint64_t address, std::span<std::byte> out);

  pid_t pid_;
  int last_error_ = 0;
  bool use_file_ = false;  // process_vm_readv is missing or filtered here
  UniqueFd file_;
};

}  // namespace prof
