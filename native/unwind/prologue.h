// What machine code says of a frame when its registers are not known: how far rbp stands above rsp in the body of a
// function that has a frame pointer, and what a call instruction calls. For threads that sleep: of these only pc and
// sp can be had. Pure: bytes in, numbers out; what it does not understand it does not guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace prof {

/// Bytes of code from the start of a function that hold any prologue.
inline constexpr size_t kPrologueBytes = 192;
/// Bytes before a return address that hold any call instruction.
inline constexpr size_t kCallBytes = 8;

/// rbp − rsp after the prologue of the function whose code begins here: what `mov rbp, rsp` is followed by, up to
/// the first branch. Nothing when there is no such prologue, or the distance is not fixed (a realigned stack, a probed one).
[[nodiscard]] std::optional<uint64_t> fixed_frame_bytes(std::span<const std::byte> function);

/// How a call says what it calls.
enum class CallForm : uint8_t {
  none,      // there is no call instruction
  direct,    // the function at `address`
  by_slot,   // the function whose address stands at `address`
  indirect,  // by a register or a computed slot
};

struct CallTarget {
  CallForm form = CallForm::none;
  uint64_t address = 0;
};

/// The call that ends at `return_address`; `before` are the bytes up to it.
[[nodiscard]] CallTarget call_before(std::span<const std::byte> before, uint64_t return_address);

/// Where a linkage stub or thunk at `address` jumps to; `none` when its first instruction is no jump.
[[nodiscard]] CallTarget jump_at(std::span<const std::byte> code, uint64_t address);

}  // namespace prof
