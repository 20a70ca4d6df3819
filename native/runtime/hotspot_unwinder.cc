#include "runtime/hotspot_unwinder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "runtime/hotspot_leaf.h"

namespace prof {
namespace {

// Frames of the interpreter and of stubs are small; what lies farther away is no frame pointer.
constexpr uint64_t kMostFrameBytes = 1 << 20;
// Words above rsp among which a return address may be while the interpreter makes its frame: it pushes rbp, the
// caller's rsp and a null; stubs push up to four registers.
constexpr uint64_t kUnframedWords = 5;
// Some intrinsics push words in the middle of a method (cpu/x86, MacroAssembler::string_compare, string_indexof).
constexpr uint64_t kMostPushedWords = 8;
constexpr size_t kMostStubBytes = 512;

using Outcome = RuntimeStep::Outcome;

RuntimeStep left(uint64_t pc, uint64_t sp, uint64_t rbp, uint64_t frame_pointer = 0) {
  return {Outcome::left, pc, sp, rbp, frame_pointer};
}

RuntimeStep ended(Outcome outcome) { return {outcome, 0, 0, 0, 0}; }

uint64_t at(uint64_t base, int32_t offset) { return base + static_cast<uint64_t>(int64_t{offset}); }

bool is_above(uint64_t address, uint64_t sp) {
  return address >= sp && address - sp < kMostFrameBytes && (address & 7) == 0;
}

}  // namespace

void HotSpotUnwinder::begin_stack() {
  code_.begin_stack();
  methods_.begin_stack();
}

RuntimeStep HotSpotUnwinder::leave(const WalkFrame& frame, const StackView& stack) {
  const CodeBlob* const blob = code_.find(frame.lookup);
  if (blob == nullptr) return ended(Outcome::unsupported);
  if (blob->kind == CodeBlob::Kind::interpreter) return leave_interpreter(frame, stack);
  if (blob->frame_words > 0) return leave_sized(*blob, frame, stack);
  return leave_stub(*blob, frame, stack);
}

RuntimeStep HotSpotUnwinder::leave_interpreter(const WalkFrame& frame, const StackView& stack) {
  const uint64_t sp = frame.registers.sp();
  const uint64_t rbp = frame.registers.value[kRegRbp];
  // A method is entered with its caller's rsp in r13, where its bytecode's address is later on.
  const bool is_entering = frame.is_exact && is_above(frame.registers.value[kRegR13], sp);
  if (is_entering || (frame.registers.known & (1u << kRegRbp)) == 0 || !is_above(rbp, sp)) {
    return frame.is_exact ? leave_unframed(frame, stack) : ended(Outcome::unsupported);
  }
  uint64_t method = 0;
  uint64_t sender = 0;
  uint64_t saved = 0;
  uint64_t return_address = 0;
  if (!stack.read_word(at(rbp, kInterpreterMethod), method) || !stack.read_word(at(rbp, kInterpreterSender), sender) ||
      !stack.read_word(rbp, saved) || !stack.read_word(rbp + 8, return_address)) {
    return ended(Outcome::truncated_copy);
  }
  // Where a method is entered or left, rbp is its caller's, and that may be compiled code.
  if (frame.is_exact && methods_.find(method) == nullptr) return leave_unframed(frame, stack);
  const uint64_t caller_sp = is_above(sender, rbp + 16) ? sender : rbp + 16;
  return left(return_address, caller_sp, saved, rbp);
}

/// While a frame is made or removed, return address, rbp and rsp of the caller are in one of a few places each: those
/// that make sense together are taken. r13 holds the caller's rsp before, rbx behind it (cpu/x86,
/// TemplateInterpreterGenerator::generate_fixed_frame, InterpreterMacroAssembler::remove_activation); adapters keep
/// the return address in rax for a while.
RuntimeStep HotSpotUnwinder::leave_unframed(const WalkFrame& frame, const StackView& stack) {
  const auto& value = frame.registers.value;
  const uint64_t sp = frame.registers.sp();
  for (const uint64_t caller_sp : {value[kRegR13], sp, sp + 8}) {
    if (!is_above(caller_sp, sp) || !is_caller(value[kRegRax], caller_sp, value[kRegRbp], stack)) continue;
    return left(value[kRegRax], std::max(caller_sp, sp + 8), value[kRegRbp]);
  }
  for (uint64_t i = 0; i <= kUnframedWords; i++) {
    const uint64_t slot = sp + 8 * i;
    uint64_t word = 0;
    if (!stack.read_word(slot, word)) break;
    uint64_t pushed = 0;
    const bool has_pushed = i > 0 && stack.read_word(slot - 8, pushed);
    for (const uint64_t caller_sp : {value[kRegR13], value[kRegRbx], slot + 8}) {
      if (!is_above(caller_sp, slot + 8)) continue;
      if (is_caller(word, caller_sp, value[kRegRbp], stack)) return left(word, caller_sp, value[kRegRbp]);
      if (has_pushed && is_caller(word, caller_sp, pushed, stack)) return left(word, caller_sp, pushed);
    }
  }
  return ended(Outcome::unsupported);
}

/// Whether generated code may be about to return there, with such registers.
bool HotSpotUnwinder::is_caller(uint64_t pc, uint64_t sp, uint64_t rbp, const StackView& stack) {
  const CodeBlob* const blob = code_.find(pc - 1);
  if (blob == nullptr) return false;
  uint64_t word = 0;
  if (blob->kind == CodeBlob::Kind::interpreter) {
    return is_above(rbp, sp) && stack.read_word(at(rbp, kInterpreterMethod), word) && methods_.find(word) != nullptr;
  }
  if (blob->frame_words <= 0) return is_above(rbp, sp);
  const uint64_t slot = sp + 8 * static_cast<uint64_t>(blob->frame_words) - 8;
  return stack.read_word(slot, word) && is_return_address(word);
}

RuntimeStep HotSpotUnwinder::leave_sized(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack) {
  if (frame.is_exact && blob.name == "ExceptionBlob") return leave_exception_stub(blob, frame, stack);
  if (frame.is_exact) return leave_interrupted(blob, frame, stack);
  const uint64_t slot = frame.registers.sp() + 8 * static_cast<uint64_t>(blob.frame_words) - 8;
  return leave_by_slot(slot, stack);
}

/// By the return address at the top of a frame.
RuntimeStep HotSpotUnwinder::leave_by_slot(uint64_t slot, const StackView& stack) {
  uint64_t return_address = 0;
  uint64_t rbp = 0;
  if (!stack.read_word(slot, return_address)) return ended(Outcome::truncated_copy);
  if (!is_return_address(return_address)) slot = find_return_address(slot, stack).value_or(slot);
  if (!stack.read_word(slot, return_address) || !stack.read_word(slot - 8, rbp)) {
    return ended(Outcome::truncated_copy);
  }
  return left(return_address, slot + 8, rbp);
}

RuntimeStep HotSpotUnwinder::leave_interrupted(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack) {
  const uint64_t pc = frame.registers.pc();
  const uint64_t sp = frame.registers.sp();
  std::array<std::byte, kCompiledBefore + kCompiledFrom> code{};
  const size_t before = std::min<uint64_t>(kCompiledBefore, pc - std::min(pc, blob.code_begin));
  const auto bytes = std::span(code).first(before + kCompiledFrom);
  const size_t got = memory_.read(pc - before, bytes);
  if (got <= before) return ended(Outcome::unsupported);
  const bool is_complete = blob.frame_complete < 0 || pc >= at(blob.code_begin, blob.frame_complete);
  const CompiledForm form = compiled_form(bytes.first(before), bytes.subspan(before, got - before), is_complete);

  const uint64_t top = sp + 8 * static_cast<uint64_t>(blob.frame_words);
  const uint64_t rbp = frame.registers.value[kRegRbp];
  // Wrappers of native methods keep a frame pointer, and undo their frame by `leave`, well before they return.
  const bool has_left = blob.is_native && is_complete && rbp != top - 16;
  if (form == CompiledForm::rbp_at_sp) return leave_by_slot(sp + 8, stack);
  if (form == CompiledForm::framed && !has_left) return leave_by_slot(top - 8, stack);
  const uint64_t slot = form == CompiledForm::room_only ? top - 8 : sp;
  uint64_t return_address = 0;
  if (!stack.read_word(slot, return_address)) return ended(Outcome::truncated_copy);
  return left(return_address, slot + 8, rbp);
}

/// Compiled code jumps to it, and it to the handler: where it has no frame, rdx says where its caller stands (cpu/x86,
/// OptoRuntime::generate_exception_blob).
RuntimeStep HotSpotUnwinder::leave_exception_stub(const CodeBlob& blob, const WalkFrame& frame,
                                                  const StackView& stack) {
  const uint64_t pc = frame.registers.pc();
  std::array<std::byte, kMostStubBytes> code{};
  if (pc < blob.code_begin || pc - blob.code_begin > code.size()) return ended(Outcome::unsupported);
  const auto bytes = std::span(code).first(static_cast<size_t>(pc - blob.code_begin));
  const auto pushed = memory_.read(blob.code_begin, bytes) == bytes.size() ? pushed_bytes(bytes) : std::nullopt;
  if (!pushed) return ended(Outcome::unsupported);
  const uint64_t sp = frame.registers.sp() + *pushed;
  uint64_t return_address = frame.registers.value[kRegRdx];
  if (*pushed > 0 && !stack.read_word(sp - 8, return_address)) return ended(Outcome::truncated_copy);
  return left(return_address, sp, frame.registers.value[kRegRbp]);
}

std::optional<uint64_t> HotSpotUnwinder::find_return_address(uint64_t slot, const StackView& stack) {
  for (uint64_t i = 1; i <= kMostPushedWords; i++) {
    uint64_t word = 0;
    if (!stack.read_word(slot + 8 * i, word)) break;
    if (is_return_address(word)) return slot + 8 * i;
  }
  return std::nullopt;
}

/// Code without a frame of fixed size: most have one with a frame pointer, adapters and dispatch stubs have none.
RuntimeStep HotSpotUnwinder::leave_stub(const CodeBlob& blob, const WalkFrame& frame, const StackView& stack) {
  const uint64_t sp = frame.registers.sp();
  const uint64_t rbp = frame.registers.value[kRegRbp];
  uint64_t word = 0;
  // The barrier at the entry of methods has a cookie between rbp and the return address (cpu/x86,
  // StubGenerator::generate_method_entry_barrier).
  if (is_above(rbp, sp) && stack.read_word(rbp + 8, word) && word == UINT64_MAX) {
    uint64_t saved = 0;
    if (!stack.read_word(rbp, saved) || !stack.read_word(rbp + 16, word)) return ended(Outcome::truncated_copy);
    return left(word, rbp + 24, saved);
  }
  if (!frame.is_exact) return {};
  if (blob.name.find("adapters") != std::string::npos || blob.name.find("Adapter") != std::string::npos) {
    return leave_unframed(frame, stack);
  }
  if (blob.name.starts_with("vtable") || blob.name.starts_with("itable")) {
    return stack.read_word(sp, word) ? left(word, sp + 8, rbp) : ended(Outcome::truncated_copy);
  }
  if (is_above(rbp, sp) && stack.read_word(rbp + 8, word) && word != 0) return {};
  const RuntimeStep unframed = leave_unframed(frame, stack);
  return unframed.outcome == Outcome::left ? unframed : RuntimeStep{};
}

bool HotSpotUnwinder::is_return_address(uint64_t address) { return code_.find(address - 1) != nullptr; }

}  // namespace prof
