#include "runtime/hotspot_bytecodes.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "unwind/instruction.h"

namespace prof {
namespace {

constexpr size_t kMostPlaces = 4096;
constexpr size_t kCodeBytes = 48;
// What follows a call of Java sets the stack right and reloads r13 from the frame, at most so many bytes on (OpenJDK,
// cpu/x86, TemplateInterpreterGenerator::generate_return_entry_for, generate_deopt_entry_for).
constexpr size_t kReloadWithin = 40;

bool begins(std::span<const std::byte> bytes, std::initializer_list<uint8_t> with) {
  return bytes.size() >= with.size() && std::equal(with.begin(), with.end(), bytes.begin(), [](uint8_t a, std::byte b) {
           return a == static_cast<uint8_t>(b);
         });
}

/// `mov -0x40(%rbp), %r13`.
bool is_reload(std::span<const std::byte> code) { return begins(code, {0x4c, 0x8b, 0x6d, 0xc0}); }

/// `movq $0, disp(%r15)`: the thread is back from the VM (MacroAssembler::reset_last_Java_frame).
bool is_back_from_vm(std::span<const std::byte> code) {
  return begins(code, {0x49, 0xc7, 0x87}) || begins(code, {0x49, 0xc7, 0x47});
}

/// Calls are made twice in the code, by whether rsp is aligned: `add $8, %rsp; jmp` behind the first skips the second
/// (MacroAssembler::call_VM_leaf_base).
std::span<const std::byte> behind_alignment(std::span<const std::byte> code) {
  constexpr size_t kAddBytes = 4;
  if (!begins(code, {0x48, 0x83, 0xc4, 0x08})) return code;
  const auto jump = decode_instruction(code.subspan(kAddBytes));
  if (!jump || !is_direct_jump(*jump)) return code;
  const uint64_t target = kAddBytes + jump->bytes + static_cast<uint64_t>(jump->immediate);
  return target < code.size() ? code.subspan(static_cast<size_t>(target)) : std::span<const std::byte>();
}

}  // namespace

std::optional<uint32_t> HotSpotBytecodes::index(const RuntimeFrame& frame, const JavaMethod& method) {
  const bool stands_there = frame.registers != nullptr;
  const bool is_known =
      stands_there ? (frame.registers->known & (1u << kRegR13)) != 0 : is_kept(frame.address + 1);
  if (!is_known) return std::nullopt;
  const uint64_t address = stands_there ? frame.registers->value[kRegR13] : frame.bytecode;
  if (address < method.bytecodes || address - method.bytecodes >= method.bytecode_count) return std::nullopt;
  return static_cast<uint32_t>(address - method.bytecodes);
}

bool HotSpotBytecodes::is_kept(uint64_t return_address) {
  if (kept_.size() >= kMostPlaces) kept_.clear();
  const auto [known, is_new] = kept_.try_emplace(return_address);
  if (is_new) known->second = read_is_kept(return_address);
  return known->second;
}

bool HotSpotBytecodes::read_is_kept(uint64_t return_address) {
  std::array<std::byte, kCodeBytes> bytes{};
  const auto code = std::span<const std::byte>(bytes).first(memory_.read(return_address, bytes));
  if (is_back_from_vm(behind_alignment(code))) return true;
  for (size_t at = 0; at < std::min(code.size(), kReloadWithin); at++) {
    if (is_reload(code.subspan(at))) return true;
  }
  return false;
}

}  // namespace prof
