// What the drain thread hands to JavaScript: new table rows, then samples that refer to them. Columns, not objects.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/runtime_names.h"
#include "table/stack_table.h"
#include "target_modules.h"

namespace prof {

struct ThreadRow {
  uint32_t index;
  pid_t tid;
  std::string name;
};

struct Batch {
  NewRows rows;
  std::vector<ModuleInfo> modules;
  std::vector<ThreadRow> threads;
  std::vector<RuntimeFunction> functions;  // of runtimes, numbered on from those before
  std::vector<double> time_ns;  // since the session began
  std::vector<double> weight_ns;
  std::vector<uint32_t> thread;
  std::vector<uint32_t> stack;
  std::vector<uint32_t> span;  // which start of an engine: 0, 1, 2 …
  // How many samples a row stands for. 0: the rest of a thread's time, carried by its last stack; more than 1: a thread
  // that was seen again and again where it sleeps.
  std::vector<uint32_t> samples;

  /// Appends all of `newer`, which is empty afterwards.
  void take_from(Batch& newer);
};

}  // namespace prof
