// process_vm_readv first, /proc/PID/mem where a seccomp filter or an old kernel refuses that call.
#include "proc/process_memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>

namespace prof {
namespace {

constexpr size_t kMostRanges = 256;  // of the 1024 that the kernel takes (UIO_MAXIOV)

}  // namespace

size_t ProcessMemory::read(uint64_t address, std::span<std::byte> out) {
  if (use_file_) return read_by_file(address, out);
  iovec local{out.data(), out.size()};
  iovec remote{reinterpret_cast<void*>(address), out.size()};
  const ssize_t got = process_vm_readv(pid_, &local, 1, &remote, 1, 0);
  if (got >= 0) return static_cast<size_t>(got);
  last_error_ = errno;
  // Docker's default filter answers EPERM; a plain refusal gives the same, so the file must prove itself.
  if (last_error_ != EPERM && last_error_ != ENOSYS) return 0;
  const size_t by_file = read_by_file(address, out);
  use_file_ = by_file > 0;
  refusal_ = use_file_ ? 0 : EPERM;
  return by_file;
}

size_t ProcessMemory::read_ranges(std::span<const WordRange> ranges) {
  size_t whole = 0;
  for (bool is_whole = !use_file_; is_whole && whole < ranges.size();) {
    const auto part = ranges.subspan(whole, std::min(ranges.size() - whole, kMostRanges));
    const size_t got = read_some(part);
    whole += got;
    is_whole = got == part.size();
  }
  if (!use_file_) return whole;
  for (; whole < ranges.size(); whole++) {
    const auto bytes = std::as_writable_bytes(ranges[whole].words);
    if (read_by_file(ranges[whole].address, bytes) != bytes.size()) break;
  }
  return whole;
}

/// At most kMostRanges of them. The kernel stops at the first one that it cannot read, and may do so within it.
size_t ProcessMemory::read_some(std::span<const WordRange> ranges) {
  std::array<iovec, kMostRanges> local{};
  std::array<iovec, kMostRanges> remote{};
  for (size_t i = 0; i < ranges.size(); i++) {
    local[i] = {ranges[i].words.data(), ranges[i].words.size_bytes()};
    remote[i] = {reinterpret_cast<void*>(ranges[i].address), ranges[i].words.size_bytes()};
  }
  const ssize_t got = process_vm_readv(pid_, local.data(), ranges.size(), remote.data(), ranges.size(), 0);
  auto left = static_cast<size_t>(std::max<ssize_t>(got, 0));
  size_t whole = 0;
  for (; whole < ranges.size() && ranges[whole].words.size_bytes() <= left; whole++) {
    left -= ranges[whole].words.size_bytes();
  }
  return whole;
}

size_t ProcessMemory::read_by_file(uint64_t address, std::span<std::byte> out) {
  if (!file_.valid()) {
    const std::string path = "/proc/" + std::to_string(pid_) + "/mem";
    file_.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_.valid()) {
      last_error_ = errno;
      return 0;
    }
  }
  if (address > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) return 0;
  const ssize_t got = pread(file_.get(), out.data(), out.size(), static_cast<off_t>(address));
  if (got >= 0) return static_cast<size_t>(got);
  last_error_ = errno;
  return 0;
}

}  // namespace prof
