// Where compiled code of HotSpot stands with its frame when a thread is interrupted in it: the compilers make and remove
// frames by a few fixed sequences of instructions (OpenJDK, cpu/x86: C1_MacroAssembler::build_frame, verified_entry,
// MachEpilogNode::emit). Pure: bytes in, an answer out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace prof {

/// Bytes before and from the place on that are worth reading.
inline constexpr size_t kCompiledBefore = 64;
inline constexpr size_t kCompiledFrom = 16;

enum class CompiledForm : uint8_t {
  framed,       // the whole frame is there
  room_only,    // its room is there, rbp is not stored yet
  rbp_at_sp,    // rbp at [rsp], the return address above it
  ra_at_sp,     // the return address is at [rsp]
};

/// `before`: the bytes up to the place, `from`: those at it. `is_complete`: behind the code that makes the frame.
[[nodiscard]] CompiledForm compiled_form(std::span<const std::byte> before, std::span<const std::byte> from,
                                         bool is_complete);

/// Bytes on the stack after such instructions, none of which jumps; nothing when they are not understood.
[[nodiscard]] std::optional<uint64_t> pushed_bytes(std::span<const std::byte> code);

}  // namespace prof
