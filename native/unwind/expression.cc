// A stack machine over hostile bytes: depth and operands are checked at every operation.
#include "unwind/expression.h"

#include <array>

#include "unwind/byte_cursor.h"

namespace prof {
namespace {

class Machine {
 public:
  Machine(std::span<const std::byte> expression, const Registers& registers, uint32_t known,
          const StackCopy& stack)
      : cursor_(expression), registers_(registers), known_(known), copy_(stack) {}

  EvalResult run(uint64_t& out) {
    while (!cursor_.at_end() && result_ == EvalResult::ok) execute(cursor_.u8());
    if (result_ != EvalResult::ok) return result_;
    if (depth_ == 0 || cursor_.failed()) return EvalResult::unsupported;
    out = values_[depth_ - 1];
    return EvalResult::ok;
  }

 private:
  void execute(uint8_t opcode) {
    if (opcode >= 0x30 && opcode <= 0x4f) return push(uint64_t{opcode} - 0x30);  // lit0-31
    if (opcode >= 0x70 && opcode <= 0x8f) return push_register(uint32_t{opcode} - 0x70);
    if (opcode >= 0x08 && opcode <= 0x11) return push_constant(opcode);
    if (opcode >= 0x12 && opcode <= 0x16) return shuffle(opcode);
    if (opcode == 0x06 || opcode == 0x1f || opcode == 0x20 || opcode == 0x23) return unary(opcode);
    binary(opcode);
  }

  void push_register(uint32_t reg) {
    const auto offset = static_cast<uint64_t>(cursor_.sleb());
    if (reg >= kRegisterCount || (known_ >> reg & 1) == 0) return refuse();
    push(registers_.value[reg] + offset);
  }

  void push_constant(uint8_t opcode) {
    const auto sign_extend = [](int64_t value) { return static_cast<uint64_t>(value); };
    switch (opcode) {
      case 0x08:
        return push(cursor_.u8());
      case 0x09:
        return push(sign_extend(cursor_.read<int8_t>()));
      case 0x0a:
        return push(cursor_.read<uint16_t>());
      case 0x0b:
        return push(sign_extend(cursor_.read<int16_t>()));
      case 0x0c:
        return push(cursor_.read<uint32_t>());
      case 0x0d:
        return push(sign_extend(cursor_.read<int32_t>()));
      case 0x10:
        return push(cursor_.uleb());
      case 0x11:
        return push(sign_extend(cursor_.sleb()));
      default:
        return refuse();
    }
  }

  void shuffle(uint8_t opcode) {
    if (opcode == 0x13) return drop();
    if (opcode == 0x12) return push_copy_of(0);
    if (opcode == 0x14) return push_copy_of(1);
    if (opcode != 0x16 || depth_ < 2) return refuse();
    std::swap(values_[depth_ - 1], values_[depth_ - 2]);
  }

  void unary(uint8_t opcode) {
    if (depth_ == 0) return refuse();
    uint64_t& top = values_[depth_ - 1];
    if (opcode == 0x06) {
      if (!copy_.read_word(top, top)) result_ = EvalResult::outside_copy;
    } else if (opcode == 0x1f) {
      top = 0 - top;
    } else if (opcode == 0x20) {
      top = ~top;
    } else {
      top += cursor_.uleb();
    }
  }

  void binary(uint8_t opcode) {
    if (depth_ < 2) return refuse();
    const uint64_t right = values_[depth_ - 1];
    uint64_t& left = values_[depth_ - 2];
    --depth_;
    const auto signed_left = static_cast<int64_t>(left);
    const auto signed_right = static_cast<int64_t>(right);
    switch (opcode) {
      case 0x1a:
        left &= right;
        return;
      case 0x1c:
        left -= right;
        return;
      case 0x1e:
        left *= right;
        return;
      case 0x21:
        left |= right;
        return;
      case 0x22:
        left += right;
        return;
      case 0x24:
        left = right < 64 ? left << right : 0;
        return;
      case 0x25:
        left = right < 64 ? left >> right : 0;
        return;
      case 0x26:
        left = static_cast<uint64_t>(signed_left >> (right < 64 ? right : 63));
        return;
      case 0x27:
        left ^= right;
        return;
      case 0x29:
        left = left == right;
        return;
      case 0x2a:
        left = signed_left >= signed_right;
        return;
      case 0x2b:
        left = signed_left > signed_right;
        return;
      case 0x2c:
        left = signed_left <= signed_right;
        return;
      case 0x2d:
        left = signed_left < signed_right;
        return;
      case 0x2e:
        left = left != right;
        return;
      default:
        return refuse();
    }
  }

  void push(uint64_t value) {
    if (depth_ == values_.size()) return refuse();
    values_[depth_++] = value;
  }

  void push_copy_of(size_t below_top) {
    if (depth_ <= below_top) return refuse();
    push(values_[depth_ - 1 - below_top]);
  }

  void drop() {
    if (depth_ == 0) return refuse();
    --depth_;
  }

  void refuse() { result_ = EvalResult::unsupported; }

  ByteCursor cursor_;
  const Registers& registers_;
  uint32_t known_;
  const StackCopy& copy_;
  EvalResult result_ = EvalResult::ok;
  size_t depth_ = 0;
  std::array<uint64_t, 16> values_{};
};

}  // namespace

EvalResult evaluate(std::span<const std::byte> expression, const Registers& registers, uint32_t known,
                    const StackCopy& stack, uint64_t& out) {
  return Machine(expression, registers, known, stack).run(out);
}

}  // namespace prof
