// Which Node.js a process runs.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/heap_source.h"

namespace prof {

/// `20.20.2`: the first string of `node::per_process::metadata`, which lies at `address` in the process. Empty when
/// what is there does not read as a version.
[[nodiscard]] std::string read_node_version(HeapSource& memory, uint64_t address);

}  // namespace prof
