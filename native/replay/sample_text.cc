// Printing of chains and samples.
#include "replay/sample_text.h"

#include <array>
#include <cstdio>

namespace prof::replay {

std::string_view name_of(StackEnd end) {
  constexpr std::array<std::string_view, 7> kNames{"root",   "truncated_copy", "no_map",   "bad_cfa",
                                                   "bad_fp", "unsupported",    "max_depth"};
  return kNames[static_cast<size_t>(end)];
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<size_t>(byte) >> 4];
    text += kDigits[std::to_integer<size_t>(byte) & 15];
  }
  return text.empty() ? "-" : text;
}

void print_chain(StackEnd end, std::span<const UnwoundFrame> frames) {
  std::fputs(name_of(end).data(), stdout);
  for (const UnwoundFrame& frame : frames) std::printf(" %lx", frame.address);
  std::putchar('\n');
}

void print_module(const ModuleImage& image) {
  std::printf("module %lx %lx %lx %lx %lx %s %lx %s\n", image.entry, image.base_va, image.text_lo,
              image.text_hi, image.eh_frame.va, to_hex(image.eh_frame.bytes).c_str(), image.eh_frame_hdr.va,
              to_hex(image.eh_frame_hdr.bytes).c_str());
}

void print_range(const CodeRange& range, std::string_view module) {
  std::printf("range %lx %lx %lx %.*s\n", range.lo, range.hi, range.bias, static_cast<int>(module.size()),
              module.data());
}

void print_state(const Registers& registers, std::span<const std::byte> stack) {
  std::fputs("regs", stdout);
  for (const uint64_t value : registers.value) std::printf(" %lx", value);
  std::printf("\nstack %s\n", to_hex(stack).c_str());
}

}  // namespace prof::replay
