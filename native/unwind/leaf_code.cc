// Byte patterns of prologues, epilogues and the signal trampoline.
#include "unwind/leaf_code.h"

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
constexpr std::array<uint8_t, 9> kSignalReturn{0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};

}  // namespace

LeafForm leaf_form(std::span<const std::byte> code) {
  if (starts_with(code, kPushRbp) || starts_with(code, kEndbr64) || starts_with(code, kRet)) {
    return LeafForm::ra_at_sp;
  }
  if (starts_with(code, kMovRbpRsp) || starts_with(code, kMovRbpRspOther) || starts_with(code, kPopRbp)) {
    return LeafForm::rbp_at_sp;
  }
  return LeafForm::framed;
}

bool is_signal_return(std::span<const std::byte> code) { return starts_with(code, kSignalReturn); }

}  // namespace prof
