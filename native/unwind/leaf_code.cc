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

LeafForm leaf_form(std::span<const std::byte> code) {
  if (starts_with(code, kPushRbp) || starts_with(code, kEndbr64) || starts_with(code, kRet)) {
    return LeafForm::ra_at_sp;
  }
  if (starts_with(code, kMovRbpRsp) || starts_with(code, kMovRbpRspOther) || starts_with(code, kPopRbp)) {
    return LeafForm::rbp_at_sp;
  }
  return LeafForm::framed;
}

}  // namespace

CodeHints read_code_hints(std::span<const std::byte> before, std::span<const std::byte> from) {
  std::array<std::byte, kLeafCodeBytes> window{};
  before = before.last(std::min(before.size(), kLeafCodeBefore));
  from = from.first(std::min(from.size(), kLeafCodeBytes - kLeafCodeBefore));
  std::copy(before.begin(), before.end(), window.begin() + kLeafCodeBefore - static_cast<std::ptrdiff_t>(before.size()));
  std::copy(from.begin(), from.end(), window.begin() + kLeafCodeBefore);
  const auto trampoline_at = [&window](size_t position) {
    return starts_with(std::span<const std::byte>(window).subspan(position), kSignalReturn);
  };
  // While the kernel works on rt_sigreturn, the pc stands after the syscall instruction.
  return {leaf_form(from),
          trampoline_at(kLeafCodeBefore) || trampoline_at(kLeafCodeBefore - kMovBytes) || trampoline_at(0),
          trampoline_at(kLeafCodeBefore + 1)};
}

}  // namespace prof
