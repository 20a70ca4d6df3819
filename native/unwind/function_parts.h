// All code of a function: compilers put what they take for unlikely elsewhere (gcc's `.cold`), with call-frame data of
// its own, under a local symbol that stripping takes away.
#pragma once

#include <cstdint>
#include <vector>

#include "unwind/byte_source.h"
#include "unwind/cfi_lookup.h"
#include "unwind/module_image.h"

namespace prof {

/// Its own code first, then what it jumps into and what that does. Empty when no call-frame data begins at `va`.
/// A jump to another function looks alike, so only one counts that is made while the frame stands, into the middle of
/// code that has the very same frame there: another function is jumped to at its start, when the frame is gone. Where
/// a jump to the start alone leads, gcc may have put nothing (__builtin_unreachable), and what comes next is another's.
/// @param file what the image was read from
[[nodiscard]] std::vector<CodeStretch> find_function_parts(const ModuleImage& image, const ByteSource& file, uint64_t va);

}  // namespace prof
