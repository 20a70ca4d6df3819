// Dynamic symbols of an ELF file: what a runtime exports for debuggers survives stripping there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "unwind/byte_source.h"

namespace prof {

/// ELF virtual addresses of the defined dynamic symbols that begin with `prefix`, by name. Empty when there are none or
/// the file cannot be read. Bounded, whatever the file says.
[[nodiscard]] std::unordered_map<std::string, uint64_t> read_exports(const ByteSource& file, std::string_view prefix);

}  // namespace prof
