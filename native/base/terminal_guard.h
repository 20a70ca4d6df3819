// Last line of defence for the user's terminal: if native code dies, JavaScript does not run any more, so a signal
// handler writes the leave sequence and restores the line settings, then lets the signal do its work.
#pragma once

#include <string_view>

namespace prof {

/// Remembers the terminal's settings as they are now and what to write when we die. At most 256 bytes are kept.
void guard_terminal(int fd, std::string_view leave_sequence);
/// The terminal has been left in order: a crash writes nothing.
void release_terminal();

}  // namespace prof
