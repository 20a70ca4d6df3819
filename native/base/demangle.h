// Itanium C++ demangling (also Rust's legacy scheme) by the C++ runtime's own demangler.
#pragma once

#include <string>

namespace prof {

/// The readable name, or the name itself when it is not mangled, not understood, or longer than 4 KiB.
std::string demangle(const std::string& name);

}  // namespace prof
