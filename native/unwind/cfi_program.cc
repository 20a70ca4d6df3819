// The instructions of DWARF call-frame programs, reduced to the registers of CfiRule.
#include "unwind/cfi_program.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "unwind/registers.h"

namespace prof {
namespace {

constexpr size_t kMaxRemembered = 64;
constexpr uint8_t kOpDeref = 0x06;
constexpr uint8_t kOpBreg0 = 0x70;
constexpr uint8_t kOpBreg31 = 0x8f;

// breg7 8; breg16 0; lit15; and; lit11; ge; lit3; shl; plus: what GNU ld writes for .plt
// (elf_x86_64_eh_frame_plt).
constexpr std::array<uint8_t, 11> kPltExpression{0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a,
                                                 0x3b, 0x2a, 0x33, 0x24, 0x22};

bool fits_int32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

/// `breg<reg> <offset>` at the front of an expression.
struct BaseOffset {
  uint64_t reg;
  int64_t offset;
};

std::optional<BaseOffset> read_breg(ByteCursor& cursor) {
  const uint8_t opcode = cursor.u8();
  if (opcode < kOpBreg0 || opcode > kOpBreg31) return std::nullopt;
  const BaseOffset base{uint64_t{opcode} - kOpBreg0, cursor.sleb()};
  if (cursor.failed() || !fits_int32(base.offset)) return std::nullopt;
  return base;
}

std::optional<CfiRule> deref_rule(CfiRule rule, std::span<const std::byte> expression) {
  ByteCursor cursor(expression);
  const auto base = read_breg(cursor);
  if (!base || cursor.u8() != kOpDeref || !cursor.at_end() || cursor.failed()) return std::nullopt;
  if (base->reg != kRegRbp && base->reg != kRegRsp) return std::nullopt;
  rule.cfa = base->reg == kRegRbp ? CfaKind::deref_rbp : CfaKind::deref_rsp;
  rule.cfa_reg = 0;
  rule.cfa_offset = static_cast<int32_t>(base->offset);
  return rule;
}

}  // namespace

std::optional<CfiState> initial_state(const EhFrame& frame, const Cie& cie) {
  CfiState start;
  start.rule.ra = cie.is_signal_frame ? RaKind::signal_frame : RaKind::at_cfa;
  const Fde own{0, 1, cie.program};
  CfiProgram program(frame, cie, start, own);
  while (!program.cursor_.at_end()) {
    if (!program.execute() || program.pc_ != 0 || program.cursor_.failed()) return std::nullopt;
  }
  return program.now_;
}

CfiProgram::CfiProgram(const EhFrame& frame, const Cie& cie, const CfiState& initial, const Fde& fde)
    : frame_(frame),
      cie_(cie),
      initial_(initial),
      now_(initial),
      pc_(fde.lo),
      hi_(fde.hi),
      cursor_(fde.program) {}

bool CfiProgram::next(CfiRow& row) {
  if (done_) return false;
  const uint64_t start = pc_;
  while (!cursor_.at_end()) {
    if (!execute() || cursor_.failed()) {
      done_ = true;
      row = {start, CfiRule{}};
      return true;
    }
    if (pc_ == start) continue;
    done_ = pc_ >= hi_;
    row = {start, now_.rule};
    return true;
  }
  done_ = true;
  row = {start, now_.rule};
  return true;
}

bool CfiProgram::execute() {
  const uint8_t byte = cursor_.u8();
  const uint8_t operand = byte & 0x3f;
  switch (byte >> 6) {
    case 1:
      return advance(operand);
    case 2:
      save_at_cfa(operand, static_cast<int64_t>(cursor_.uleb() * static_cast<uint64_t>(cie_.data_align)));
      return true;
    case 3:
      restore(operand);
      return true;
    default:
      return execute_extended(operand);
  }
}

// Unsigned products: a hostile factor wraps instead of overflowing.
bool CfiProgram::execute_extended(uint8_t opcode) {
  const auto scaled = [this](uint64_t factor) {
    return static_cast<int64_t>(factor * static_cast<uint64_t>(cie_.data_align));
  };
  uint64_t reg = 0;
  switch (opcode) {
    case 0x00:  // nop
    case 0x2d:  // GNU_window_save: no meaning on x86-64
      return true;
    case 0x01:
      return set_location();
    case 0x02:
      return advance(cursor_.u8());
    case 0x03:
      return advance(cursor_.read<uint16_t>());
    case 0x04:
      return advance(cursor_.read<uint32_t>());
    case 0x05:  // offset_extended
      reg = cursor_.uleb();
      save_at_cfa(reg, scaled(cursor_.uleb()));
      return true;
    case 0x06:  // restore_extended
      restore(cursor_.uleb());
      return true;
    case 0x07:
      save_as(cursor_.uleb(), SaveKind::undefined);
      return true;
    case 0x08:
      save_as(cursor_.uleb(), SaveKind::same);
      return true;
    case 0x09:  // register: saved in another register
    case 0x14:  // val_offset: the value, not a slot
      reg = cursor_.uleb();
      cursor_.uleb();
      save_as(reg, SaveKind::lost);
      return true;
    case 0x0a:
      if (remembered_.size() >= kMaxRemembered) return false;
      remembered_.push_back(now_);
      return true;
    case 0x0b:
      return restore_state();
    case 0x0c:  // def_cfa
      reg = cursor_.uleb();
      set_cfa(reg, static_cast<int64_t>(cursor_.uleb()));
      return true;
    case 0x0d:  // def_cfa_register
      set_cfa(cursor_.uleb(), now_.cfa_offset);
      return true;
    case 0x0e:
      set_cfa_offset(static_cast<int64_t>(cursor_.uleb()));
      return true;
    case 0x0f:
      return set_cfa_expression();
    case 0x10:  // expression: the slot's address
      reg = cursor_.uleb();
      save_by_expression(reg, cursor_.take(cursor_.uleb()));
      return true;
    case 0x11:  // offset_extended_sf
      reg = cursor_.uleb();
      save_at_cfa(reg, scaled(static_cast<uint64_t>(cursor_.sleb())));
      return true;
    case 0x12:  // def_cfa_sf
      reg = cursor_.uleb();
      set_cfa(reg, scaled(static_cast<uint64_t>(cursor_.sleb())));
      return true;
    case 0x13:
      set_cfa_offset(scaled(static_cast<uint64_t>(cursor_.sleb())));
      return true;
    case 0x15:  // val_offset_sf
      reg = cursor_.uleb();
      cursor_.sleb();
      save_as(reg, SaveKind::lost);
      return true;
    case 0x16:  // val_expression
      reg = cursor_.uleb();
      cursor_.take(cursor_.uleb());
      save_as(reg, SaveKind::lost);
      return true;
    case 0x2e:  // GNU_args_size
      cursor_.uleb();
      return true;
    default:
      return false;
  }
}

bool CfiProgram::advance(uint64_t units) {
  const uint64_t next = pc_ + units * cie_.code_align;
  if (next < pc_) return false;
  pc_ = next;
  return true;
}

bool CfiProgram::set_location() {
  const auto target = frame_.read_pointer(cursor_, cie_.fde_encoding, frame_.va_of(cursor_.rest().data()));
  if (!target || *target < pc_) return false;
  pc_ = *target;
  return true;
}

void CfiProgram::set_cfa(uint64_t reg, int64_t offset) {
  now_.cfa_reg = reg;
  now_.cfa_offset = offset;
  CfiRule& rule = now_.rule;
  const bool is_supported = reg < kRegRip && fits_int32(offset);
  rule.cfa = !is_supported    ? CfaKind::unsupported
             : reg == kRegRsp ? CfaKind::rsp
             : reg == kRegRbp ? CfaKind::rbp
                              : CfaKind::reg;
  rule.cfa_reg = is_supported ? static_cast<uint8_t>(reg) : uint8_t{0};
  rule.cfa_offset = is_supported ? static_cast<int32_t>(offset) : 0;
}

void CfiProgram::set_cfa_offset(int64_t offset) {
  const CfaKind kind = now_.rule.cfa;
  const bool is_register = kind == CfaKind::rsp || kind == CfaKind::rbp || kind == CfaKind::reg;
  if (is_register) return set_cfa(now_.cfa_reg, offset);
  now_.cfa_offset = offset;
}

bool CfiProgram::set_cfa_expression() {
  const auto expression = cursor_.take(cursor_.uleb());
  if (cursor_.failed()) return false;
  if (expression.size() == kPltExpression.size() &&
      std::memcmp(expression.data(), kPltExpression.data(), kPltExpression.size()) == 0) {
    now_.rule.cfa = CfaKind::plt;
    now_.rule.cfa_reg = 0;
    now_.rule.cfa_offset = 0;
    return true;
  }
  if (const auto deref = deref_rule(now_.rule, expression)) {
    now_.rule = *deref;
    return true;
  }
  const auto position = expression.data() - frame_.bytes().data();
  const bool fits = expression.size() <= std::numeric_limits<uint8_t>::max() && fits_int32(position);
  now_.rule.cfa = fits ? CfaKind::expression : CfaKind::unsupported;
  now_.rule.cfa_reg = fits ? static_cast<uint8_t>(expression.size()) : uint8_t{0};
  now_.rule.cfa_offset = fits ? static_cast<int32_t>(position) : 0;
  return true;
}

void CfiProgram::save_at_cfa(uint64_t reg, int64_t offset) {
  const bool fits = fits_int32(offset);
  if (reg == kRegRip && now_.rule.ra != RaKind::signal_frame) {
    now_.rule.ra = offset == -8 ? RaKind::at_cfa : RaKind::odd;
  } else if (reg == kRegRbp) {
    now_.rule.rbp = fits ? SaveKind::at_cfa : SaveKind::lost;
    now_.rule.rbp_offset = fits ? static_cast<int32_t>(offset) : 0;
  } else if (reg == kRegRbx) {
    now_.rule.rbx = fits ? SaveKind::at_cfa : SaveKind::lost;
    now_.rule.rbx_offset = fits ? static_cast<int32_t>(offset) : 0;
  }
}

// Realigned functions save rbp and rbx relative to their own rbp (gcc: `breg6 0`, `breg6 -40`).
void CfiProgram::save_by_expression(uint64_t reg, std::span<const std::byte> expression) {
  ByteCursor cursor(expression);
  const auto base = read_breg(cursor);
  const bool is_slot = base && cursor.at_end() && (base->reg == kRegRbp || base->reg == kRegRsp);
  if (!is_slot || (reg != kRegRbp && reg != kRegRbx)) return save_as(reg, SaveKind::lost);
  const SaveKind kind = base->reg == kRegRbp ? SaveKind::at_rbp : SaveKind::at_rsp;
  const auto offset = static_cast<int32_t>(base->offset);
  if (reg == kRegRbp) {
    now_.rule.rbp = kind;
    now_.rule.rbp_offset = offset;
  } else {
    now_.rule.rbx = kind;
    now_.rule.rbx_offset = offset;
  }
}

void CfiProgram::save_as(uint64_t reg, SaveKind kind) {
  if (reg == kRegRip && now_.rule.ra != RaKind::signal_frame) {
    now_.rule.ra = kind == SaveKind::undefined ? RaKind::undefined : RaKind::odd;
  } else if (reg == kRegRbp) {
    now_.rule.rbp = kind;
    now_.rule.rbp_offset = 0;
  } else if (reg == kRegRbx) {
    now_.rule.rbx = kind;
    now_.rule.rbx_offset = 0;
  }
}

void CfiProgram::restore(uint64_t reg) {
  if (reg == kRegRip) {
    now_.rule.ra = initial_.rule.ra;
  } else if (reg == kRegRbp) {
    now_.rule.rbp = initial_.rule.rbp;
    now_.rule.rbp_offset = initial_.rule.rbp_offset;
  } else if (reg == kRegRbx) {
    now_.rule.rbx = initial_.rule.rbx;
    now_.rule.rbx_offset = initial_.rule.rbx_offset;
  }
}

bool CfiProgram::restore_state() {
  if (remembered_.empty()) return false;
  now_ = remembered_.back();
  remembered_.pop_back();
  return true;
}

}  // namespace prof
