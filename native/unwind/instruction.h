// Lengths and targets of x86-64 instructions, as far as prologues and the code of just-in-time compilers need them (Intel
// SDM, vol. 2, chapter 2 and appendix A). Pure: bytes in, an answer out; what it does not know it does not guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace prof {

// The two-byte map (0f xx) as opcodes of their own, and those of three bytes, which all have an operand byte.
inline constexpr uint16_t kTwoByte = 0x100;
inline constexpr uint16_t kThreeByte = 0x200;

/// An instruction; of its operand byte the fields with the bits that prefixes add.
struct Instruction {
  size_t bytes = 0;
  uint16_t opcode = 0;
  uint8_t rex = 0;
  uint8_t modrm = 0;
  bool has_modrm = false;
  int64_t immediate = 0;

  [[nodiscard]] uint8_t mod() const { return modrm >> 6; }
  [[nodiscard]] uint8_t reg() const { return static_cast<uint8_t>((modrm >> 3 & 7) | (rex & 4) << 1); }
  [[nodiscard]] uint8_t rm() const { return static_cast<uint8_t>((modrm & 7) | (rex & 1) << 3); }
  [[nodiscard]] bool is_wide() const { return (rex & 8) != 0; }
};

/// The one at the start of these bytes; nothing when it is not known or not whole.
[[nodiscard]] std::optional<Instruction> decode_instruction(std::span<const std::byte> bytes);

[[nodiscard]] inline bool is_conditional_jump(const Instruction& at) {
  return (at.opcode >= 0x70 && at.opcode <= 0x7f) || (at.opcode >= kTwoByte + 0x80 && at.opcode <= kTwoByte + 0x8f);
}

[[nodiscard]] inline bool is_direct_jump(const Instruction& at) { return at.opcode == 0xe9 || at.opcode == 0xeb; }

}  // namespace prof
