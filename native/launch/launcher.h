// Starts a command as the target: forks and execs it and holds it, stopped, before its first instruction, so that
// capture sees all of it under its own name. Not through libuv, whose wait for its children would take the stops
// that ptrace makes. The command is our child; only `reap` waits for its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/refusal.h"
#include "base/unique_fd.h"

namespace prof {

/// Where the command's output goes; order is `commandOutputs` in src/engine/native.ts. `pipe`: both streams into one
/// pipe of ours, its input is /dev/null, it has a session of its own, so that it cannot reach our terminal, and it ends
/// with us.
enum class CommandOutput : uint8_t { inherit, to_stderr, pipe };

struct LaunchSpec {
  std::string path;
  std::vector<std::string> arguments;    // the first one is the command's name as it was typed
  std::vector<std::string> environment;  // NAME=value
  CommandOutput output = CommandOutput::inherit;
};

struct LaunchedCommand {
  pid_t pid = -1;
  UniqueFd output;  // what the command prints, for `pipe`
  /// Valid when exec is still to come: ptrace is refused here, or the file gives rights that ptrace would take.
  UniqueFd exec_result;
};

struct CommandEnd {
  int code = 0;
  int signal = 0;  // 0: it ended by itself, with `code`
};

/// Forks, execs, and waits until the command stands before its first instruction. A refusal of execve means that the
/// file cannot be run. Call it from a thread that lives as long as the command: ptrace knows threads, not processes.
[[nodiscard]] std::variant<LaunchedCommand, Refusal> launch(const LaunchSpec& spec);

/// Lets the command run. `exec_result` is that of `launch` or -1. Returns 0, or the errno of an exec that came only
/// now and failed.
[[nodiscard]] int release(pid_t pid, int exec_result);

/// How the command ended; nothing while it runs. Never waits, and takes the end at most once.
[[nodiscard]] std::optional<CommandEnd> reap(pid_t pid);

}  // namespace prof
