// The `modules` and `maps` commands: what proc/ and target_modules make of a process.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>

#include "replay/commands.h"
#include "target_modules.h"

namespace prof::replay {
namespace {

const char* name_of(OpenedBy opened_by) {
  constexpr std::array<const char*, 6> kNames{"map_files", "root", "exe", "memory", "vdso", "none"};
  return kNames[static_cast<size_t>(opened_by)];
}

const char* name_of(CfiState state) {
  constexpr std::array<const char*, 3> kNames{"pending", "ready", "none"};
  return kNames[static_cast<size_t>(state)];
}

const char* text_or_dash(const std::string& text) { return text.empty() ? "-" : text.c_str(); }

}  // namespace

int run_modules(Arguments arguments) {
  if (arguments.size() != 1) return 2;
  TargetModules modules(std::atoi(arguments[0]));
  const int error = modules.refresh();
  if (error != 0) {
    std::fprintf(stderr, "maps of %s: %s\n", arguments[0], std::strerror(error));
    return 1;
  }
  modules.wait_ready(std::chrono::seconds(60));
  modules.adopt_ready();
  for (const ModuleInfo& module : modules.modules()) {
    std::printf("module %u %s %s %s fd %s size %lu %s\n", module.id, name_of(module.opened_by),
                name_of(module.cfi), text_or_dash(module.build_id), module.fd >= 0 ? "open" : "-",
                module.size, text_or_dash(module.path));
  }
  for (const CodeRange& range : modules.code_map().ranges()) {
    std::printf("range %lx %lx %lx %d %s\n", range.lo, range.hi, range.bias, static_cast<int>(range.module),
                range.table == nullptr ? "-" : "table");
  }
  return 0;
}

int run_maps(Arguments /*arguments*/) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  for (const Mapping& mapping : parse_maps(text)) {
    std::printf("%lx %lx %lx %x:%x %lu %d %s %s\n", mapping.lo, mapping.hi, mapping.offset, mapping.dev_major,
                mapping.dev_minor, mapping.inode, mapping.prot, mapping.deleted ? "deleted" : "-",
                text_or_dash(mapping.path));
  }
  return 0;
}

}  // namespace prof::replay
