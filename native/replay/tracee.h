// A thread under ptrace, as the workbench needs it: its registers in DWARF order and its stack bytes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "proc/process_memory.h"
#include "unwind/registers.h"

namespace prof::replay {

/// Registers of a ptrace-stopped thread; false when it is gone.
[[nodiscard]] bool read_registers(pid_t pid, Registers& out);

/// Up to `limit` bytes from `sp` to the end of readable memory below `top`.
[[nodiscard]] std::vector<std::byte> read_stack(ProcessMemory& memory, uint64_t sp, uint64_t top,
                                                size_t limit);

}  // namespace prof::replay
