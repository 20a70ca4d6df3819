// user_regs_struct to DWARF order.
#include "replay/tracee.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#include <algorithm>

namespace prof::replay {

bool read_registers(pid_t pid, Registers& out) {
  user_regs_struct raw{};
  if (ptrace(PTRACE_GETREGS, pid, nullptr, &raw) != 0) return false;
  out.value = {raw.rax, raw.rdx, raw.rcx, raw.rbx, raw.rsi, raw.rdi, raw.rbp, raw.rsp, raw.r8,
               raw.r9,  raw.r10, raw.r11, raw.r12, raw.r13, raw.r14, raw.r15, raw.rip};
  return true;
}

std::vector<std::byte> read_stack(ProcessMemory& memory, uint64_t sp, uint64_t top, size_t limit) {
  if (top <= sp) return {};
  std::vector<std::byte> bytes(std::min<uint64_t>(top - sp, limit));
  bytes.resize(memory.read(sp, bytes));
  return bytes;
}

}  // namespace prof::replay
