#include "unwind/prologue.h"

#include <algorithm>
#include <cstring>

#include "unwind/instruction.h"

namespace prof {
namespace {

constexpr uint8_t kRsp = 4;
constexpr uint8_t kRbp = 5;
constexpr uint16_t kLeave = 0xc9;

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
  if ((at.opcode >= 0x58 && at.opcode <= 0x5f) || at.opcode == kLeave) return std::nullopt;
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
  while (const auto at = decode_instruction(function)) {
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
    const auto call = decode_instruction(before.last(bytes));
    if (!call || call->bytes != bytes || call->opcode != 0xff || (call->reg() & 7) != 2) continue;
    const bool is_pc_relative = call->mod() == 0 && (call->modrm & 7) == kRbp;
    if (!is_pc_relative) return {CallForm::indirect, 0};
    return {CallForm::by_slot, add(return_address, read_int32(before.last(4)))};
  }
  return {};
}

CallTarget jump_at(std::span<const std::byte> code, uint64_t address) {
  constexpr size_t kEndbrBytes = 4;
  auto first = decode_instruction(code);
  if (first && first->opcode == kTwoByte + 0x1e) {
    code = code.subspan(kEndbrBytes);
    address += kEndbrBytes;
    first = decode_instruction(code);
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
