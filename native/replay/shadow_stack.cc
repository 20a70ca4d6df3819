// A call pushes, a rising stack pointer pops: returns, leave, longjmp and tail calls need no special case.
#include "replay/shadow_stack.h"

#include <algorithm>

namespace prof::replay {
namespace {

bool is_prefix(uint8_t byte) {
  constexpr uint8_t kPrefixes[] = {0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3};
  return (byte & 0xf0) == 0x40 ||
         std::find(std::begin(kPrefixes), std::end(kPrefixes), byte) != std::end(kPrefixes);
}

}  // namespace

bool is_call(std::span<const std::byte> code) {
  size_t at = 0;
  while (at < code.size() && is_prefix(std::to_integer<uint8_t>(code[at]))) ++at;
  if (at + 1 >= code.size()) return false;
  const auto opcode = std::to_integer<uint8_t>(code[at]);
  const auto modrm = std::to_integer<uint8_t>(code[at + 1]);
  return opcode == 0xe8 || (opcode == 0xff && (modrm >> 3 & 7) == 2);
}

void ShadowStack::step(const Registers& before, const Registers& after, std::span<const std::byte> code,
                       uint64_t top_word) {
  drop_left(after.sp());
  const bool has_pushed = after.sp() == before.sp() - 8 && top_word > before.pc();
  if (has_pushed && is_call(code)) entries_.push_back({after.sp(), top_word - 1});
}

void ShadowStack::deliver_signal(const Registers& interrupted, const Registers& handler, uint64_t restorer) {
  entries_.push_back({interrupted.sp() - 1, interrupted.pc()});
  entries_.push_back({handler.sp(), restorer - 1});
}

void ShadowStack::expect(uint64_t pc, std::vector<uint64_t>& out) const {
  out.assign(1, pc);
  for (size_t i = entries_.size(); i-- > 0;) out.push_back(entries_[i].lookup);
}

void ShadowStack::drop_left(uint64_t sp) {
  while (!entries_.empty() && sp > entries_.back().last_sp) entries_.pop_back();
}

}  // namespace prof::replay
