// Where compiled code goes on from a place: the next place in it that is described, as a thread comes to it. Not the next
// by address: behind a loop and at the end of the code there is code of other methods. Pure: bytes in, an answer out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace prof {

/// @param code from the code's beginning on
/// @param from offset of the place in it
/// @param described offsets of the described places, ascending
/// @returns one of them; nothing when the code returns first, goes on elsewhere or is not understood
[[nodiscard]] std::optional<int32_t> next_described(std::span<const std::byte> code, int32_t from,
                                                    std::span<const int32_t> described);

}  // namespace prof
