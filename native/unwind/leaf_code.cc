// Byte patterns of prologues, epilogues and the signal trampoline (Intel SDM, vol. 2).
#include "unwind/leaf_code.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace prof {
namespace {

template <size_t N>
bool starts_with(std::span<const std::byte> code, const std::array<uint8_t, N>& pattern) {
  return code.size() >= N && std::memcmp(code.data(), pattern.data(), N) == 0;
}

constexpr std::array<uint8_t, 1> kPushRbp{0x55};
constexpr std::array<uint8_t, 4> kEndbr64{0xf3, 0x0f, 0x1e, 0xfa};
constexpr std::array<uint8_t, 1> kRet{0xc3};
constexpr std::array<uint8_t, 3> kMovRbpRsp{0x48, 0x89, 0xe5};
constexpr std::array<uint8_t, 3> kMovRbpRspOther{0x48, 0x8b, 0xec};
constexpr std::array<uint8_t, 1> kPopRbp{0x5d};
// rt_sigreturn is system call 15 (kernel, arch/x86/entry/syscalls/syscall_64.tbl).
constexpr std::array<uint8_t, kSignalReturnBytes> kSignalReturn{0x48, 0xc7, 0xc0, 0x0f, 0x00,
                                                                0x00, 0x00, 0x0f, 0x05};
constexpr size_t kMovBytes = 7;

// sub $8, %rsp; call *%rcx; add $8, %rsp; ret: the trampoline of `python -X perf`, which keeps no rbp
// (CPython 3.12, Python/asm_trampoline.S).
constexpr std::array<uint8_t, 11> kPythonTrampoline{0x48, 0x83, 0xec, 0x08, 0xff, 0xd1,
                                                    0x48, 0x83, 0xc4, 0x08, 0xc3};
constexpr size_t kPythonCall = 4;
constexpr size_t kPythonAdd = 6;

// A function of one call and a return that is never reached, with no frame: runtime.mstart of Go (asm_amd64.s). The
// linker of Go fills the gaps between functions with int3.
bool is_go_thread_start(std::span<const std::byte> window, size_t after_call) {
  constexpr std::byte kInt3{0xcc};
  constexpr std::byte kCall{0xe8};
  constexpr std::byte kReturn{0xc3};
  constexpr size_t kCallBytes = 5;
  return window[after_call - kCallBytes - 1] == kInt3 && window[after_call - kCallBytes] == kCall &&
         window[after_call] == kReturn && window[after_call + 1] == kInt3;
}

// call *%rdi; mov %fs:-8, %rax: runtime.systemstack runs a function on the thread's own stack and takes the goroutine
// back afterwards (asm_amd64.s).
constexpr std::array<uint8_t, 11> kGoSystemStack{0xff, 0xd7, 0x64, 0x48, 0x8b, 0x04, 0x25, 0xf8, 0xff, 0xff, 0xff};
constexpr size_t kGoSystemStackCall = 2;
// call *%r12; pop %rax; jmp badmcall2: runtime.mcall leaves its goroutine for the scheduler in the same way.
constexpr std::array<uint8_t, 5> kGoMcall{0x41, 0xff, 0xd4, 0x58, 0xe9};
constexpr size_t kGoMcallCall = 3;
// mov 0x38(%rbx), %rsp; call: runtime.morestack goes to the thread's own stack.
constexpr std::array<uint8_t, 5> kGoMorestack{0x48, 0x8b, 0x63, 0x38, 0xe8};
constexpr size_t kGoMorestackCall = 9;

// mov g(%rsp), %rdi; mov 8(%rdi), %rsi; sub n(%rsp), %rsi: runtime.asmcgocall comes back from C to its goroutine, whose
// stack may have moved meanwhile (asm_amd64.s). And lea n(%rsp), %rax; sub %rsp, %rax: runtime.cgocallback measures the
// frame that it has made on the goroutine's stack.
constexpr int kSlot = -1;
constexpr std::array<int, 14> kGoCgoCall{0x48, 0x8b, 0x7c, 0x24, kSlot, 0x48, 0x8b, 0x77, 0x08, 0x48, 0x2b, 0x74, 0x24, kSlot};
constexpr std::array<int, 8> kGoCgoCallback{0x48, 0x8d, 0x44, 0x24, kSlot, 0x48, 0x29, 0xe0};

/// Bytes of a memory operand with its ModRM byte (SDM, vol. 2, table 2-2).
size_t operand_bytes(uint8_t modrm, uint8_t sib) {
  const uint8_t mode = modrm >> 6;
  const uint8_t rm = modrm & 7;
  if (mode == 3) return 1;
  const bool has_sib = rm == 4;
  const bool has_base = !(mode == 0 && (rm == 5 || (has_sib && (sib & 7) == 5)));
  const size_t displacement = mode == 1 ? 1 : mode == 2 || !has_base ? 4 : 0;
  return 1 + (has_sib ? 1 : 0) + displacement;
}

// Optimized code of V8 asks whether it is still valid before it makes its frame: mov -n(%rcx),%rbx; testb $1,n(%rbx);
// jne; push %rbp (CodeGenerator::BailoutIfDeoptimized). And it takes a varying number of arguments from the stack after
// it gave its frame up: pop %rbp; cmp $n,%rcx; jg; ret $n; pop %r10 ... (CodeGenerator::AssembleReturn).
constexpr int kAny = -1;
constexpr std::array<int, 15> kV8Entry{0x48, 0x8b, 0x59, kAny, 0xf6, 0x43, kAny, 0x01,
                                       0x0f, 0x85, kAny, kAny, kAny, kAny, 0x55};
constexpr std::array<size_t, 3> kV8EntrySteps{0, 4, 8};
constexpr std::array<int, 9> kV8Exit{0x48, 0x83, 0xf9, kAny, 0x7f, 0x03, 0xc2, kAny, kAny};
constexpr std::array<size_t, 3> kV8ExitSteps{0, 4, 6};

bool fits(std::span<const std::byte> code, std::span<const int> pattern) {
  return code.size() >= pattern.size() &&
         std::equal(pattern.begin(), pattern.end(), code.begin(), [](int wanted, std::byte found) {
           return wanted == kAny || wanted == std::to_integer<int>(found);
         });
}

/// Whether it stands at one of the instructions of a pattern.
bool is_within(std::span<const std::byte> code, std::span<const int> pattern, std::span<const size_t> steps) {
  return std::any_of(steps.begin(), steps.end(), [&](size_t step) { return fits(code, pattern.subspan(step)); });
}

LeafForm leaf_form(std::span<const std::byte> code) {
  if (starts_with(code, kPushRbp) || starts_with(code, kEndbr64) || starts_with(code, kRet) ||
      starts_with(code, kPythonTrampoline) || is_within(code, kV8Entry, kV8EntrySteps) ||
      is_within(code, kV8Exit, kV8ExitSteps)) {
    return LeafForm::ra_at_sp;
  }
  if (starts_with(code, kMovRbpRsp) || starts_with(code, kMovRbpRspOther) || starts_with(code, kPopRbp)) {
    return LeafForm::rbp_at_sp;
  }
  return LeafForm::framed;
}

void read_cgo_hints(std::span<const std::byte> after, CodeHints& hints) {
  const auto slot = [after](size_t at) { return std::to_integer<uint8_t>(after[at]); };
  if (fits(after, kGoCgoCall)) {
    hints.after = LeafForm::cgo_call;
    hints.slots = {slot(4), slot(13)};
  } else if (fits(after, kGoCgoCallback)) {
    hints.after = LeafForm::cgo_callback;
    hints.slots = {slot(4), 0};
  }
}

}  // namespace

CodeHints read_code_hints(std::span<const std::byte> before, std::span<const std::byte> from) {
  std::array<std::byte, kLeafCodeBytes> window{};
  before = before.last(std::min(before.size(), kLeafCodeBefore));
  from = from.first(std::min(from.size(), kLeafCodeBytes - kLeafCodeBefore));
  std::copy(before.rbegin(), before.rend(), window.rend() - kLeafCodeBefore);
  std::copy(from.begin(), from.end(), window.begin() + kLeafCodeBefore);
  // Whether `pattern` begins so many bytes before `address`, the position in the window that is asked about.
  const auto is_inside = [&window](const auto& pattern, size_t address, size_t bytes_into) {
    return starts_with(std::span<const std::byte>(window).subspan(address - bytes_into), pattern);
  };
  constexpr size_t kHere = kLeafCodeBefore;
  constexpr size_t kAfter = kLeafCodeBefore + 1;
  CodeHints hints;
  hints.here = leaf_form(from);
  const bool is_at_call = is_inside(kPythonTrampoline, kHere, kPythonCall);
  if (is_at_call || is_inside(kPythonTrampoline, kHere, kPythonAdd)) hints.here = LeafForm::ra_above_a_word;
  if (is_inside(kPythonTrampoline, kAfter, kPythonAdd)) hints.after = LeafForm::ra_above_a_word;
  if (is_inside(kGoSystemStack, kAfter, kGoSystemStackCall)) hints.after = LeafForm::switched_stack;
  if (is_inside(kGoMcall, kAfter, kGoMcallCall)) hints.after = LeafForm::switched_stack;
  if (is_inside(kGoMorestack, kAfter, kGoMorestackCall)) hints.after = LeafForm::grows_stack;
  read_cgo_hints(std::span<const std::byte>(window).subspan(kAfter), hints);
  if (is_go_thread_start(window, kAfter)) hints.after = LeafForm::thread_start;
  // While the kernel works on rt_sigreturn, the pc stands after the syscall instruction.
  hints.in_signal_return = is_inside(kSignalReturn, kHere, 0) || is_inside(kSignalReturn, kHere, kMovBytes) ||
                           is_inside(kSignalReturn, kHere, kSignalReturnBytes);
  hints.calls_signal_return = is_inside(kSignalReturn, kAfter, 0);
  return hints;
}

CodeBefore code_before(std::span<const std::byte, kMaxCallBytes> code) {
  const auto from_end = [&code](size_t bytes) { return std::to_integer<uint8_t>(code[code.size() - bytes]); };
  if (from_end(5) == 0xe8) return CodeBefore::call;
  for (size_t length = 2; length <= kMaxCallBytes; length++) {
    if (from_end(length) != 0xff) continue;
    const uint8_t modrm = from_end(length - 1);
    const uint8_t sib = length > 2 ? from_end(length - 2) : uint8_t{0};
    if (((modrm >> 3) & 7) == 2 && 1 + operand_bytes(modrm, sib) == length) return CodeBefore::call;
  }
  return from_end(1) == 0x90 ? CodeBefore::nop : CodeBefore::other;
}

}  // namespace prof
