// Reads what the workbench needs of a perf.data file: mappings, execs, forks and samples with registers and a
// stack copy (tools/perf/Documentation/perf.data-file-format.txt). Not a general reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "proc/maps.h"
#include "unwind/registers.h"

namespace prof::replay {

struct PerfEvent {
  enum class Kind : uint8_t { mapping, exec, fork, sample };
  Kind kind = Kind::sample;
  uint64_t time_ns = 0;
  uint32_t pid = 0;
  uint32_t tid = 0;
  uint32_t parent_pid = 0;           // fork
  Mapping mapping;                   // mapping
  Registers registers;               // sample
  std::span<const std::byte> stack;  // sample; inside the file's bytes
};

/// All events in time order. Empty when `file` is not such a file.
[[nodiscard]] std::vector<PerfEvent> read_perf_events(std::span<const std::byte> file);

}  // namespace prof::replay
