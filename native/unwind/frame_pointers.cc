#include "unwind/frame_pointers.h"

#include <array>
#include <cstring>
#include <span>

#include "unwind/cfi_lookup.h"

namespace prof {
namespace {

// A linkage stub: endbr64, and a jump with its operand.
constexpr size_t kJumpBytes = 16;

}  // namespace

uint64_t function_of(const CodeRange& range, uint64_t lookup) {
  const uint64_t va = lookup - range.bias;
  uint64_t start = 0;
  if (range.table != nullptr) start = range.table->function_start(va);
  else if (range.image != nullptr) start = look_up_function_start(*range.image, va);
  return start == 0 ? 0 : start + range.bias;
}

std::optional<uint64_t> FramePointers::find(const CodeRange& range, uint64_t lookup, uint64_t sp,
                                            const StackCopy& stack, bool is_sampled) {
  const uint64_t function = function_of(range, lookup);
  if (function == 0 || (is_sampled && !is_after_system_call(lookup))) return std::nullopt;
  const auto [known, is_new] = frame_bytes_.try_emplace(function);
  if (is_new) known->second = read_frame_bytes(function);
  if (!known->second) return std::nullopt;
  const uint64_t rbp = sp + *known->second;
  // A frame begins 16 bytes below a multiple of 16 (System V ABI, 3.2.2).
  uint64_t return_address = 0;
  if ((rbp & 15) != 0 || !stack.read_word(rbp + 8, return_address)) return std::nullopt;
  return is_call_of(function, return_address) ? std::optional(rbp) : std::nullopt;
}

bool FramePointers::is_after_system_call(uint64_t address) {
  constexpr std::array<std::byte, 2> kSyscall{std::byte{0x0f}, std::byte{0x05}};
  std::array<std::byte, 2> code{};
  return reader_.read_code(address - code.size(), code) == code.size() && code == kSyscall;
}

std::optional<uint64_t> FramePointers::read_frame_bytes(uint64_t function) {
  std::array<std::byte, kPrologueBytes> code{};
  const size_t length = reader_.read_code(function, code);
  return fixed_frame_bytes(std::span(code).first(length));
}

// A function that takes room on its stack as it goes (alloca) has its frame pointer elsewhere. Then an old return
// address may lie where we look, but hardly one of a call of this very function.
bool FramePointers::is_call_of(uint64_t function, uint64_t return_address) {
  std::array<std::byte, kCallBytes> code{};
  if (map_.find(return_address - 1) == nullptr) return false;
  if (reader_.read_code(return_address - kCallBytes, code) != code.size()) return false;
  const CallTarget target = call_before(code, return_address);
  if (target.form == CallForm::none) return false;
  return target.form == CallForm::indirect || end_of_jumps(follow(target)) == function;
}

uint64_t FramePointers::follow(CallTarget target) {
  if (target.form != CallForm::by_slot) return target.address;
  std::array<std::byte, sizeof(uint64_t)> slot{};
  uint64_t address = 0;
  if (reader_.read_code(target.address, slot) == slot.size()) std::memcpy(&address, slot.data(), sizeof address);
  return address;
}

// A call of another module goes through a linkage stub, which jumps by a slot of its own.
uint64_t FramePointers::end_of_jumps(uint64_t address) {
  constexpr int kMostJumps = 3;
  for (int i = 0; i < kMostJumps; i++) {
    std::array<std::byte, kJumpBytes> code{};
    const size_t length = reader_.read_code(address, code);
    const CallTarget jump = jump_at(std::span(code).first(length), address);
    if (jump.form == CallForm::none) break;
    address = follow(jump);
  }
  return address;
}

}  // namespace prof
