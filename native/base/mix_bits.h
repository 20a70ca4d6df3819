// Hashing of numbers and addresses, whose low bits alone say little.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prof {

/// Mixes a 64-bit value so that its low bits depend on all of it (finalizer of MurmurHash3).
inline size_t mix_bits(uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdULL;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return static_cast<size_t>(value ^ (value >> 33));
}

}  // namespace prof
