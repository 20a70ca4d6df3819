// Reads another process's memory. Needs ptrace access to it; nothing is stopped or changed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/unique_fd.h"
#include "runtime/heap_source.h"
#include "unwind/unwinder.h"

namespace prof {

class ProcessMemory : public CodeReader, public HeapSource {
 public:
  explicit ProcessMemory(pid_t pid) : pid_(pid) {}

  /// Fills a prefix of `out` from an absolute address; returns its length. 0: unreadable, last_error() says
  /// why (EPERM refused, EFAULT/EIO nothing mapped, ESRCH gone).
  size_t read(uint64_t address, std::span<std::byte> out) override;
  /// Fills ranges in order until one is not wholly readable, some hundred with one call; returns how many are.
  size_t read_ranges(std::span<const WordRange> ranges) override;
  [[nodiscard]] int refusal() const override { return refusal_; }
  size_t read_code(uint64_t address, std::span<std::byte> out) override { return read(address, out); }
  [[nodiscard]] int last_error() const { return last_error_; }

 private:
  size_t read_some(std::span<const WordRange> ranges);
  size_t read_by_file(uint64_t address, std::span<std::byte> out);

  pid_t pid_;
  int last_error_ = 0;
  int refusal_ = 0;
  bool use_file_ = false;  // process_vm_readv is missing or filtered here
  UniqueFd file_;
};

}  // namespace prof
