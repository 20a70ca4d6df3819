// Which Go a program was built by.
#pragma once

#include <string>

#include "unwind/byte_source.h"

namespace prof {

/// `Go 1.22.3`, or `Go` where the file does not say by which version; empty when it is no Go program. The linker writes it into
/// a section of its own, stripped or not (go/src/debug/buildinfo).
[[nodiscard]] std::string read_go_version(const ByteSource& file);

}  // namespace prof
