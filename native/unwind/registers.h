// The general registers of an x86-64 thread in DWARF numbering (System V ABI, figure 3.36).
// Every capture engine converts its own order (perf, ucontext, user_regs_struct) to this one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace prof {

inline constexpr size_t kRegRax = 0;
inline constexpr size_t kRegRdx = 1;
inline constexpr size_t kRegRcx = 2;
inline constexpr size_t kRegRbx = 3;
inline constexpr size_t kRegRsi = 4;
inline constexpr size_t kRegRdi = 5;
inline constexpr size_t kRegRbp = 6;
inline constexpr size_t kRegRsp = 7;
inline constexpr size_t kRegR8 = 8;
inline constexpr size_t kRegR9 = 9;
inline constexpr size_t kRegR10 = 10;
inline constexpr size_t kRegR11 = 11;
inline constexpr size_t kRegR12 = 12;
inline constexpr size_t kRegR13 = 13;
inline constexpr size_t kRegR14 = 14;
inline constexpr size_t kRegR15 = 15;
inline constexpr size_t kRegRip = 16;
inline constexpr size_t kRegisterCount = 17;

/// A bit per register in DWARF numbering.
inline constexpr uint32_t kAllRegisters = (uint32_t{1} << kRegisterCount) - 1;
/// All that /proc tells of a thread that sleeps (kernel, fs/proc/base.c, proc_pid_syscall).
inline constexpr uint32_t kPcAndSp = (uint32_t{1} << kRegRip) | (uint32_t{1} << kRegRsp);

struct Registers {
  std::array<uint64_t, kRegisterCount> value{};
  uint32_t known = kAllRegisters;  // the others hold nothing

  [[nodiscard]] uint64_t pc() const { return value[kRegRip]; }
  [[nodiscard]] uint64_t sp() const { return value[kRegRsp]; }
};

}  // namespace prof
