// How to leave one frame, in 16 bytes: where the CFA is and where rbp, rbx and the return address were saved.
// Only these registers are followed: they are all that real call-frame data needs to find the next CFA
// (rbx for the lazy-binding trampoline of ld.so). r12-r15 are known in the sampled frame alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prof {

enum class CfaKind : uint8_t {
  none,         // no call-frame data here
  rsp,          // rsp + offset
  rbp,          // rbp + offset
  deref_rsp,    // [rsp + offset]
  deref_rbp,    // [rbp + offset]: realigned stacks
  plt,          // rsp + 8, + 8 more once the stub has pushed its index: the linker's fixed .plt expression
  reg,          // another register + offset
  expression,   // evaluated; cfa_offset and cfa_reg are position and length of its bytes
  unsupported,  // call-frame data is there, but not of a form that is evaluated
};

enum class SaveKind : uint8_t {
  same,       // not changed by this function
  at_cfa,     // saved at CFA + offset
  at_rbp,     // saved at rbp + offset (this frame's rbp)
  at_rsp,     // saved at rsp + offset (this frame's rsp)
  undefined,  // marked undefined: 0 in the caller
  lost,       // saved in a way that is not followed
};

enum class RaKind : uint8_t {
  at_cfa,        // at CFA - 8, where the call instruction puts it
  undefined,     // the outermost frame
  signal_frame,  // the frame the kernel builds for a signal handler
  odd,           // elsewhere: not followed
};

struct CfiRule {
  CfaKind cfa = CfaKind::none;
  uint8_t cfa_reg = 0;
  SaveKind rbp : 4 = SaveKind::same;
  SaveKind rbx : 4 = SaveKind::same;
  RaKind ra = RaKind::at_cfa;
  int32_t cfa_offset = 0;
  int32_t rbp_offset = 0;
  int32_t rbx_offset = 0;

  bool operator==(const CfiRule&) const = default;
};
static_assert(sizeof(CfiRule) == 16);

}  // namespace prof
