// As much of the x86-64 instruction format as prologues are made of (Intel SDM, vol. 2, chapter 2 and appendix A).
#include "unwind/prologue.h"

#include <algorithm>
#include <cstring>

namespace prof {
namespace {

constexpr uint8_t kRexW = 8;
constexpr uint8_t kRexB = 1;
constexpr uint8_t kRsp = 4;
constexpr uint8_t kRbp = 5;
// The two-byte map (0f xx) as opcodes of their own.
constexpr uint16_t kTwoByte = 0x100;

struct Instruction {
  size_t bytes = 0;
  uint16_t opcode = 0;
  uint8_t rex = 0;
  uint8_t modrm = 0;
  bool has_modrm = false;
  int64_t immediate = 0;

  [[nodiscard]] uint8_t mod() const { return modrm >> 6; }
  [[nodiscard]] uint8_t reg() const { return static_cast<uint8_t>((modrm >> 3 & 7) | (rex & 4) << 1); }
  [[nodiscard]] uint8_t rm() const { return static_cast<uint8_t>((modrm & 7) | (rex & kRexB) << 3); }
  [[nodiscard]] bool is_wide() const { return (rex & kRexW) != 0; }
};

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

/// Opcodes that stand alone (push, pop, nop, cdq), and those with an immediate but no operand byte.
Layout layout_without_modrm(uint16_t opcode, bool is_wide, size_t full) {
  if (opcode >= 0x50 && opcode <= 0x5f) return {true, false, 0};
  if (opcode == 0x90 || opcode == 0x98 || opcode == 0x99) return {true, false, 0};
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
  const int second = opcode - kTwoByte;
  if (second == 0x70 || second == 0xba || second == 0xc6) return {true, true, 1};
  const bool is_moved_or_added = (second >= 0x10 && second <= 0x1f) || (second >= 0x28 && second <= 0x2f) ||
                                 (second >= 0x40 && second <= 0x6f) || second == 0x7e || second == 0x7f;
  const bool is_tested_or_widened = (second >= 0x90 && second <= 0x9f) || second == 0xa3 || second == 0xaf ||
                                    second == 0xb6 || second == 0xb7 || second == 0xbe || second == 0xbf ||
                                    second == 0xd6 || second == 0xef;
  return {is_moved_or_added || is_tested_or_widened, true, 0};
}

void skip_address(Code& code, uint8_t modrm) {
  const uint8_t mod = modrm >> 6;
  if (mod == 3) return;
  const bool has_sib = (modrm & 7) == kRsp;
  const uint8_t base = has_sib ? code.next() & 7 : modrm & 7;
  if (mod == 1) code.next();
  if (mod == 2 || (mod == 0 && base == kRbp)) code.next_signed(4);
}

std::optional<Instruction> decode(std::span<const std::byte> bytes) {
  Code code(bytes);
  Instruction found;
  size_t full = 4;  // of an immediate
  const auto is_prefix = [](uint8_t byte) {
    return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x64 || byte == 0x65 || byte == 0x2e || byte == 0x3e;
  };
  while (is_prefix(code.peek()) && !code.failed()) {
    if (code.next() == 0x66) full = 2;
  }
  if ((code.peek() & 0xf0) == 0x40) found.rex = code.next();
  found.opcode = code.next();
  if (found.opcode == 0x0f) found.opcode = static_cast<uint16_t>(kTwoByte + code.next());
  Layout layout = layout_without_modrm(found.opcode, found.is_wide(), full);
  if (!layout.is_known) layout = layout_with_modrm(found.opcode, full);
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

bool is_conditional_jump(const Instruction& at) {
  return (at.opcode >= 0x70 && at.opcode <= 0x7f) || (at.opcode >= kTwoByte + 0x80 && at.opcode <= kTwoByte + 0x8f);
}

bool is_branch(const Instruction& at) {
  const bool is_indirect = at.opcode == 0xff && (at.reg() & 7) >= 2 && (at.reg() & 7) <= 5;
  return is_conditional_jump(at) || is_indirect || at.opcode == 0xe8 || at.opcode == 0xe9 || at.opcode == 0xeb ||
         at.opcode == 0xc3;
}

bool is_mov_rbp_rsp(const Instruction& at) {
  if (!at.is_wide() || at.mod() != 3) return false;
  return (at.opcode == 0x89 && at.reg() == kRsp && at.rm() == kRbp) ||
         (at.opcode == 0x8b && at.reg() == kRbp && at.rm() == kRsp);
}

/// How far the instruction lowers rsp; nothing when it changes rsp in another way.
std::optional<int64_t> lowers_rsp_by(const Instruction& at) {
  if (at.opcode >= 0x50 && at.opcode <= 0x57) return 8;
  if (at.opcode == 0x68 || at.opcode == 0x6a) return 8;
  if (at.opcode >= 0x58 && at.opcode <= 0x5f) return std::nullopt;
  if (at.opcode == 0xff && (at.reg() & 7) == 6) return 8;
  if (!at.has_modrm) return 0;
  const bool to_rm = at.mod() == 3 && at.rm() == kRsp;
  if ((at.opcode == 0x81 || at.opcode == 0x83) && to_rm) {
    if ((at.reg() & 7) == 5) return at.immediate;
    if ((at.reg() & 7) == 0) return -at.immediate;
    return (at.reg() & 7) == 7 ? std::optional<int64_t>(0) : std::nullopt;  // cmp
  }
  // The other two-operand forms: to the operand byte's register (…1, …9) or to its reg field (…3, …b, lea, loads).
  const bool writes_rm = at.opcode == 0x89 || at.opcode == 0x88 || at.opcode == 0xc7 || at.opcode == 0xff ||
                         at.opcode == 0xf7 || (at.opcode <= 0x37 && (at.opcode & 7) <= 1);
  const bool writes_reg = at.opcode == 0x8b || at.opcode == 0x8d || at.opcode == 0x63 || at.opcode == 0x69 ||
                          at.opcode == 0x6b || (at.opcode <= 0x37 && (at.opcode & 7) >= 2);
  if ((writes_rm && to_rm) || (writes_reg && at.reg() == kRsp)) return std::nullopt;
  return 0;
}

uint64_t add(uint64_t address, int64_t offset) { return address + static_cast<uint64_t>(offset); }

int32_t read_int32(std::span<const std::byte> bytes) {
  int32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

uint8_t byte_at(std::span<const std::byte> bytes, size_t at) { return std::to_integer<uint8_t>(bytes[at]); }

}  // namespace

std::optional<uint64_t> fixed_frame_bytes(std::span<const std::byte> function) {
  bool has_frame_pointer = false;
  int64_t lowered = 0;
  while (const auto at = decode(function)) {
    function = function.subspan(at->bytes);
    if (has_frame_pointer && is_branch(*at)) {
      return lowered >= 0 ? std::optional(static_cast<uint64_t>(lowered)) : std::nullopt;
    }
    // An early way out may come before the frame is made.
    if (is_branch(*at) && !is_conditional_jump(*at)) return std::nullopt;
    if (is_mov_rbp_rsp(*at)) {
      has_frame_pointer = true;
      lowered = 0;
      continue;
    }
    const auto by = lowers_rsp_by(*at);
    if (!by) return std::nullopt;
    lowered += *by;
  }
  return std::nullopt;
}

CallTarget call_before(std::span<const std::byte> before, uint64_t return_address) {
  constexpr size_t kDirect = 5;
  if (before.size() >= kDirect && byte_at(before, before.size() - kDirect) == 0xe8) {
    return {CallForm::direct, add(return_address, read_int32(before.last(4)))};
  }
  for (size_t bytes = 2; bytes <= std::min(before.size(), kCallBytes); bytes++) {
    const auto call = decode(before.last(bytes));
    if (!call || call->bytes != bytes || call->opcode != 0xff || (call->reg() & 7) != 2) continue;
    const bool is_pc_relative = call->mod() == 0 && (call->modrm & 7) == kRbp;
    if (!is_pc_relative) return {CallForm::indirect, 0};
    return {CallForm::by_slot, add(return_address, read_int32(before.last(4)))};
  }
  return {};
}

CallTarget jump_at(std::span<const std::byte> code, uint64_t address) {
  constexpr size_t kEndbrBytes = 4;
  auto first = decode(code);
  if (first && first->opcode == kTwoByte + 0x1e) {
    code = code.subspan(kEndbrBytes);
    address += kEndbrBytes;
    first = decode(code);
  }
  if (!first) return {};
  const uint64_t after = address + first->bytes;
  if (first->opcode == 0xe9 || first->opcode == 0xeb) return {CallForm::direct, add(after, first->immediate)};
  const bool is_indirect = first->opcode == 0xff && (first->reg() & 7) == 4;
  const bool is_pc_relative = first->mod() == 0 && (first->modrm & 7) == kRbp;
  if (is_indirect && is_pc_relative) return {CallForm::by_slot, add(after, read_int32(code.subspan(first->bytes - 4)))};
  return {};
}

}  // namespace prof
