#include "unwind/instruction.h"

namespace prof {
namespace {

constexpr uint8_t kRsp = 4;
constexpr uint8_t kRbp = 5;

/// Reads instruction bytes; past the end it fails and gives zeros.
class Code {
 public:
  explicit Code(std::span<const std::byte> bytes) : bytes_(bytes) {}

  uint8_t next() {
    if (at_ >= bytes_.size()) failed_ = true;
    return failed_ ? uint8_t{0} : std::to_integer<uint8_t>(bytes_[at_++]);
  }
  [[nodiscard]] uint8_t peek() const {
    return at_ < bytes_.size() ? std::to_integer<uint8_t>(bytes_[at_]) : uint8_t{0};
  }
  int64_t next_signed(size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value |= static_cast<uint64_t>(next()) << (8 * i);
    if (size == 0 || size == 8) return static_cast<int64_t>(value);
    const uint64_t sign = uint64_t{1} << (8 * size - 1);
    return static_cast<int64_t>((value ^ sign) - sign);
  }
  [[nodiscard]] size_t position() const { return at_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

struct Layout {
  bool is_known = false;
  bool has_modrm = false;
  size_t immediate_bytes = 0;
};

/// Opcodes that stand alone (push, pop, nop, cdq, movs, stos, leave), and those with an immediate but no operand byte.
Layout layout_without_modrm(uint16_t opcode, bool is_wide, size_t full) {
  if (opcode >= 0x50 && opcode <= 0x5f) return {true, false, 0};
  if (opcode == 0x90 || opcode == 0x98 || opcode == 0x99) return {true, false, 0};
  if (opcode == 0xa4 || opcode == 0xa5 || opcode == 0xaa || opcode == 0xab || opcode == 0xc9) return {true, false, 0};
  if (opcode == 0x6a || opcode == 0xa8 || (opcode >= 0xb0 && opcode <= 0xb7)) return {true, false, 1};
  if (opcode == 0x68 || opcode == 0xa9) return {true, false, full};
  if (opcode >= 0xb8 && opcode <= 0xbf) return {true, false, is_wide ? 8 : full};
  if (opcode <= 0x3f && (opcode & 7) == 4) return {true, false, 1};
  if (opcode <= 0x3f && (opcode & 7) == 5) return {true, false, full};
  if ((opcode >= 0x70 && opcode <= 0x7f) || opcode == 0xeb) return {true, false, 1};
  if (opcode == 0xe8 || opcode == 0xe9) return {true, false, 4};
  if (opcode == 0xc3) return {true, false, 0};
  if (opcode >= kTwoByte + 0x80 && opcode <= kTwoByte + 0x8f) return {true, false, 4};
  return {};
}

Layout layout_with_modrm(uint16_t opcode, size_t full) {
  if (opcode <= 0x3f && (opcode & 7) <= 3) return {true, true, 0};
  switch (opcode) {
    case 0x80:
    case 0x83:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0x6b:
      return {true, true, 1};
    case 0x81:
    case 0xc7:
    case 0x69:
      return {true, true, full};
    case 0x63:
    case 0xfe:
    case 0xff:
    case 0xf6:
    case 0xf7:
    case 0x8d:
      return {true, true, 0};
    default:
      break;
  }
  if ((opcode >= 0x84 && opcode <= 0x8b) || (opcode >= 0xd0 && opcode <= 0xd3)) return {true, true, 0};
  if (opcode < kTwoByte) return {};
  if (opcode >= kThreeByte) return {true, true, opcode >= kThreeByte + 0x100 ? size_t{1} : size_t{0}};
  const int second = opcode - kTwoByte;
  if (second >= 0xc8 && second <= 0xcf) return {true, false, 0};  // bswap
  const bool has_immediate = (second >= 0x70 && second <= 0x73) || second == 0xa4 || second == 0xac || second == 0xba ||
                             second == 0xc2 || second == 0xc4 || second == 0xc5 || second == 0xc6;
  if (has_immediate) return {true, true, 1};
  const bool is_moved_or_added = (second >= 0x10 && second <= 0x1f) || (second >= 0x28 && second <= 0x2f) ||
                                 (second >= 0x40 && second <= 0x6f) || second == 0x7e || second == 0x7f;
  const bool is_tested_or_widened = (second >= 0x90 && second <= 0x9f) || second == 0xa3 || second == 0xaf ||
                                    (second >= 0xb6 && second <= 0xb8) || (second >= 0xbc && second <= 0xbf) ||
                                    (second >= 0xd0 && second <= 0xfe);
  const bool is_exchanged_or_shifted = second == 0x0d || (second >= 0x74 && second <= 0x76) || second == 0xa5 ||
                                       second == 0xab || second == 0xad || second == 0xb0 || second == 0xb1 ||
                                       second == 0xb3 || second == 0xbb || second == 0xc0 || second == 0xc1;
  return {is_moved_or_added || is_tested_or_widened || is_exchanged_or_shifted, true, 0};
}

uint16_t next_opcode(Code& code) {
  const uint8_t first = code.next();
  if (first != 0x0f) return first;
  const uint8_t second = code.next();
  if (second != 0x38 && second != 0x3a) return static_cast<uint16_t>(kTwoByte + second);
  return static_cast<uint16_t>(kThreeByte + (second == 0x3a ? 0x100 : 0) + code.next());
}

/// Vector instructions (VEX, EVEX) have a prefix that says which map the opcode is of.
bool is_vector(uint8_t byte) { return byte == 0xc4 || byte == 0xc5 || byte == 0x62; }

/// The prefix and the opcode; zero where it is none that is known.
uint16_t next_vector_opcode(Code& code) {
  const uint8_t kind = code.next();
  const uint8_t first = code.next();
  const int map = kind == 0xc5 ? 1 : first & (kind == 0x62 ? 7 : 0x1f);
  if (kind != 0xc5) code.next();
  if (kind == 0x62) code.next();
  const uint8_t opcode = code.next();
  if (map == 1) return static_cast<uint16_t>(kTwoByte + opcode);
  return map == 2 || map == 3 ? static_cast<uint16_t>(kThreeByte + (map == 3 ? 0x100 : 0) + opcode) : uint16_t{0};
}

/// All have an operand byte but vzeroupper; shuffles, shifts and comparisons an immediate of one byte.
Layout layout_of_vector(uint16_t opcode) {
  if (opcode == 0) return {};
  if (opcode == kTwoByte + 0x77) return {true, false, 0};
  const int second = opcode - kTwoByte;
  const bool has_immediate = opcode >= kThreeByte + 0x100 || (second >= 0x70 && second <= 0x73) || second == 0xc2 ||
                             (second >= 0xc4 && second <= 0xc6);
  return {true, true, has_immediate ? size_t{1} : size_t{0}};
}

void skip_address(Code& code, uint8_t modrm) {
  const uint8_t mod = modrm >> 6;
  if (mod == 3) return;
  const bool has_sib = (modrm & 7) == kRsp;
  const uint8_t base = has_sib ? code.next() & 7 : modrm & 7;
  if (mod == 1) code.next();
  if (mod == 2 || (mod == 0 && base == kRbp)) code.next_signed(4);
}

}  // namespace

std::optional<Instruction> decode_instruction(std::span<const std::byte> bytes) {
  Code code(bytes);
  Instruction found;
  size_t full = 4;  // of an immediate
  const auto is_prefix = [](uint8_t byte) {
    return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x64 || byte == 0x65 || byte == 0x2e || byte == 0x3e ||
           byte == 0xf0;
  };
  while (is_prefix(code.peek()) && !code.failed()) {
    if (code.next() == 0x66) full = 2;
  }
  if ((code.peek() & 0xf0) == 0x40) found.rex = code.next();
  const bool has_vector_prefix = is_vector(code.peek());
  found.opcode = has_vector_prefix ? next_vector_opcode(code) : next_opcode(code);
  Layout layout = has_vector_prefix ? layout_of_vector(found.opcode)
                                    : layout_without_modrm(found.opcode, found.is_wide(), full);
  if (!layout.is_known && !has_vector_prefix) layout = layout_with_modrm(found.opcode, full);
  if (!layout.is_known) return std::nullopt;
  if (layout.has_modrm) {
    found.has_modrm = true;
    found.modrm = code.next();
    skip_address(code, found.modrm);
  }
  // f6 and f7 are test with an immediate, or not, neg, mul, div without.
  const bool is_test = (found.opcode == 0xf6 || found.opcode == 0xf7) && (found.reg() & 7) < 2;
  if (is_test) layout.immediate_bytes = found.opcode == 0xf6 ? 1 : full;
  found.immediate = code.next_signed(layout.immediate_bytes);
  found.bytes = code.position();
  if (code.failed()) return std::nullopt;
  return found;
}

}  // namespace prof
