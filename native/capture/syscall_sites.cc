#include "capture/syscall_sites.h"

#include <sys/uio.h>

#include <array>

namespace prof {
namespace {

// A program has far fewer sites; code that is made and thrown away must not fill our memory.
constexpr size_t kMostKnown = 1 << 18;

}  // namespace

void SyscallSites::reset(pid_t pid) {
  pid_ = pid;
  known_.clear();
}

bool SyscallSites::is_behind_call(uint64_t pc) {
  const auto found = known_.find(pc);
  if (found != known_.end()) return found->second;
  std::array<uint8_t, 2> before{};
  const iovec local{before.data(), before.size()};
  const iovec remote{reinterpret_cast<void*>(pc - before.size()), before.size()};
  const bool is_read = process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(before.size());
  const bool is_call = is_read && before[0] == 0x0f && before[1] == 0x05;  // syscall
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(pc, is_call);
  return is_call;
}

}  // namespace prof
