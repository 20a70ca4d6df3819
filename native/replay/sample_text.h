// A captured sample as lines of text: what test/unwind/samples keeps as JSON, in the form this program reads.
//   module ENTRY BASE TEXT_LO TEXT_HI EH_VA EH_BYTES HDR_VA HDR_BYTES     numbered 0, 1 ... in order
//   range LO HI BIAS MODULE|-
//   code ADDRESS BYTES                    what a read of the live process gave
//   regs RAX RDX RCX RBX RSI RDI RBP RSP R8 ... R15 RIP
//   known BITS                            of these registers, by DWARF number; all when it is left out
//   stack BYTES                           from RSP upward
//   unwind tables|slow                    prints: END ADDRESS...
// Numbers and bytes are lower-case hex, `-` is empty. A `module` line after an `unwind` begins a new sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "unwind/unwinder.h"

namespace prof::replay {

[[nodiscard]] std::string_view name_of(StackEnd end);
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
/// `END ADDRESS...`, leaf first, then a newline.
void print_chain(StackEnd end, std::span<const UnwoundFrame> frames);
void print_module(const ModuleImage& image);
void print_range(const CodeRange& range, std::string_view module);
void print_state(const Registers& registers, std::span<const std::byte> stack);

}  // namespace prof::replay
