// Picks the command by its name.
#include <array>
#include <cstdio>
#include <string_view>

#include "replay/commands.h"

namespace {

using namespace prof::replay;

struct Command {
  std::string_view name;
  int (*run)(Arguments);
};

constexpr std::array<Command, 10> kCommands{{{"samples", run_samples},
                                            {"step", run_step},
                                            {"live", run_live},
                                            {"modules", run_modules},
                                            {"maps", run_maps},
                                            {"perf", run_perf},
                                            {"tables", run_tables},
                                            {"runtime", run_runtime},
                                            {"python", run_python},
                                            {"python-dumps", run_python_dumps}}};

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(values, static_cast<size_t>(count));
  for (const Command& command : kCommands) {
    if (count > 1 && command.name == arguments[1]) return command.run(arguments.subspan(2));
  }
  std::fputs("usage: unwind_replay samples|step|live|modules|maps|perf|tables|runtime|python|python-dumps ...\n", stderr);
  return 2;
}
