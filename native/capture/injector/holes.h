// Places in a target's address space: zeros in its code for the stub, and a free range for our mapping. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "proc/maps.h"

namespace prof::injector {

/// Fills the span from an address of the target; false when that cannot be read.
using ReadMemory = std::function<bool(uint64_t address, std::span<uint8_t> into)>;

/// The address of `size` zero bytes that end a code mapping of a file or the kernel's vdso, 8-byte aligned: padding
/// that no instruction of the target can lie in.
std::optional<uint64_t> find_zero_code(const std::vector<Mapping>& mappings, size_t size, const ReadMemory& read);

/// A page-aligned address in the middle of nowhere: far from the ends of the widest gap, where heap, stack and new
/// mappings of the target grow.
std::optional<uint64_t> find_free_range(const std::vector<Mapping>& mappings, uint64_t size);

}  // namespace prof::injector
