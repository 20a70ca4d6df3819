#include "runtime/hotspot_leaf.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "unwind/instruction.h"

namespace prof {
namespace {

bool begins(std::span<const std::byte> bytes, std::initializer_list<uint8_t> with) {
  return bytes.size() >= with.size() && std::equal(with.begin(), with.end(), bytes.begin(), [](uint8_t a, std::byte b) {
           return a == static_cast<uint8_t>(b);
         });
}

bool ends(std::span<const std::byte> bytes, std::initializer_list<uint8_t> with) {
  return bytes.size() >= with.size() && begins(bytes.last(with.size()), with);
}

/// `cmp disp(%r15), %rsp`, the poll before a return.
bool is_return_poll(std::span<const std::byte> code) {
  return begins(code, {0x49, 0x3b, 0x67}) || begins(code, {0x49, 0x3b, 0xa7});
}

/// `sub $imm, %rsp`.
bool is_make_room(std::span<const std::byte> code) {
  return begins(code, {0x48, 0x83, 0xec}) || begins(code, {0x48, 0x81, 0xec});
}

/// `mov %rbp, disp(%rsp)`.
bool is_store_rbp(std::span<const std::byte> code) {
  return begins(code, {0x48, 0x89, 0x6c, 0x24}) || begins(code, {0x48, 0x89, 0xac, 0x24});
}

/// After `push %rbp`, or that and `mov %rsp, %rbp`, as in wrappers of native methods.
bool is_after_push(std::span<const std::byte> before) {
  return ends(before, {0x55}) || ends(before, {0x55, 0x48, 0x8b, 0xec}) || ends(before, {0x55, 0x48, 0x89, 0xe5});
}

/// Whether the frame was made in the bytes before the place.
bool has_made_frame(std::span<const std::byte> before) {
  for (size_t at = 0; at < before.size(); at++) {
    const auto code = before.subspan(at);
    if (is_store_rbp(code)) return true;
    // An immediate of one byte or four ends the instruction.
    if (is_make_room(code) && is_after_push(before.first(at))) {
      return code.size() >= (code[1] == std::byte{0x83} ? 4u : 7u);
    }
  }
  return false;
}

CompiledForm form_at_end(std::span<const std::byte> before, std::span<const std::byte> from) {
  constexpr uint8_t kPopRbp = 0x5d;
  constexpr uint8_t kReturn = 0xc3;
  if (begins(from, {kReturn})) return CompiledForm::ra_at_sp;
  // `ja` to the poll's slow path, with the return behind it.
  const bool is_poll_jump = begins(from, {0x0f, 0x87}) && from.size() > 6 && from[6] == std::byte{kReturn};
  if (is_poll_jump) return CompiledForm::ra_at_sp;
  if (is_return_poll(from) && ends(before, {kPopRbp})) return CompiledForm::ra_at_sp;
  const bool is_pop = begins(from, {kPopRbp});
  const auto next = is_pop ? from.subspan(1) : from;
  if (is_pop && (begins(next, {kReturn}) || is_return_poll(next))) return CompiledForm::rbp_at_sp;
  return CompiledForm::framed;
}

}  // namespace

CompiledForm compiled_form(std::span<const std::byte> before, std::span<const std::byte> from, bool is_complete) {
  if (is_complete) return form_at_end(before, from);
  if (is_store_rbp(from)) return CompiledForm::room_only;
  if (has_made_frame(before)) return CompiledForm::framed;
  return is_after_push(before) ? CompiledForm::rbp_at_sp : CompiledForm::ra_at_sp;
}

std::optional<uint64_t> pushed_bytes(std::span<const std::byte> code) {
  constexpr uint8_t kAdd = 0;
  constexpr uint8_t kSubtract = 5;
  constexpr uint8_t kRsp = 4;
  int64_t pushed = 0;
  while (!code.empty()) {
    const auto at = decode_instruction(code);
    if (!at) return std::nullopt;
    if (at->opcode >= 0x50 && at->opcode <= 0x57) pushed += 8;
    if (at->opcode >= 0x58 && at->opcode <= 0x5f) pushed -= 8;
    const bool moves_rsp = (at->opcode == 0x81 || at->opcode == 0x83) && at->mod() == 3 && at->rm() == kRsp;
    if (moves_rsp && at->reg() == kSubtract) pushed += at->immediate;
    if (moves_rsp && at->reg() == kAdd) pushed -= at->immediate;
    code = code.subspan(at->bytes);
  }
  return pushed >= 0 ? std::optional(static_cast<uint64_t>(pushed)) : std::nullopt;
}

}  // namespace prof
