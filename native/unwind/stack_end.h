// How walks end.
#pragma once

#include <cstdint>

namespace prof {

/// Why a walk ended. Only `root` is complete; every other end keeps the frames found so far.
enum class StackEnd : uint8_t {
  root,
  truncated_copy,  // the next slot lies past the stack copy
  no_map,          // the last frame's address is in no executable mapping
  bad_cfa,
  bad_fp,
  unsupported,
  max_depth,
};

}  // namespace prof
