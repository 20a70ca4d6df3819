// Completing a stack from memory that is read late: accepted only when every address that came late follows a call and
// the chain ends where a thread begins.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "unwind/unwinder.h"

namespace {

constexpr uint64_t kCode = 0x400000;
constexpr uint64_t kStack = 0x7f0000000000;
constexpr uint64_t kOtherStack = 0xc000000000;

void expect(const char* what, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %lu, expected %lu\n", what, actual, expected);
  std::exit(1);
}

/// Code in which a call of five bytes ends at every multiple of 16, but for those told otherwise.
class Code : public prof::CodeReader {
 public:
  size_t read_code(uint64_t address, std::span<std::byte> out) override {
    for (size_t i = 0; i < out.size(); i++) {
      const auto known = bytes.find(address + i);
      const bool is_call = (address + i) % 16 == 11;
      out[i] = std::byte{known != bytes.end() ? known->second : is_call ? uint8_t{0xe8} : uint8_t{0x90}};
    }
    return out.size();
  }
  std::map<uint64_t, uint8_t> bytes;
};

class Memory : public prof::LateStack {
 public:
  bool read_word(uint64_t address, uint64_t& out) override {
    const auto found = words.find(address);
    if (found == words.end()) return false;
    out = found->second;
    return true;
  }
  /// A frame at `rbp`, whose caller's frame is at `next`.
  void frame(uint64_t rbp, uint64_t next, uint64_t return_address) {
    words[rbp] = next;
    words[rbp + 8] = return_address;
  }
  std::map<uint64_t, uint64_t> words;
};

/// One thread that stands in code with frame pointers; its copy holds the first frame, memory the others.
struct Scene {
  Code code;
  Memory memory;
  prof::CodeMap map{{prof::CodeRange{kCode, kCode + 0x1000}}};
  std::array<uint64_t, 4> copied{0, 0, kStack + 0x1000, kCode + 0x20};
  std::vector<prof::UnwoundFrame> frames;
  bool is_completed = false;

  void run() {
    prof::Unwinder unwinder(map, code);
    prof::Registers registers;
    registers.value[prof::kRegRip] = kCode + 0x14;
    registers.value[prof::kRegRsp] = kStack;
    registers.value[prof::kRegRbp] = kStack + 16;
    const prof::StackCopy copy{kStack, std::as_bytes(std::span(copied))};
    const auto end = unwinder.unwind(registers, copy, frames);
    const bool is_short = end == prof::StackEnd::truncated_copy || end == prof::StackEnd::bad_fp;
    expect("the copy alone is too short", is_short, 1);
    expect("its frames", frames.size(), 2);
    is_completed = unwinder.complete(registers, copy, {}, memory, frames);
  }
};

void a_proven_rest_is_taken() {
  Scene scene;
  scene.memory.frame(kStack + 0x1000, kStack + 0x1100, kCode + 0x30);
  scene.memory.frame(kStack + 0x1100, 0, kCode + 0x40);
  // The last one, where the thread begins, may follow a nop.
  scene.code.bytes[kCode + 0x3b] = 0x90;
  scene.run();
  expect("completed", scene.is_completed, 1);
  expect("frames", scene.frames.size(), 4);
  expect("the last", scene.frames.back().address, kCode + 0x3f);
}

void an_address_that_follows_no_call_spoils_the_rest() {
  Scene scene;
  scene.memory.frame(kStack + 0x1000, kStack + 0x1100, kCode + 0x35);
  scene.memory.frame(kStack + 0x1100, 0, kCode + 0x40);
  scene.run();
  expect("not completed", scene.is_completed, 0);
  expect("frames as before", scene.frames.size(), 2);
}

void a_rest_without_a_root_is_not_taken() {
  Scene scene;
  scene.memory.frame(kStack + 0x1000, kStack + 0x1100, kCode + 0x30);
  scene.run();
  expect("not completed", scene.is_completed, 0);
}

void no_return_address_is_no_root() {
  for (const bool has_caller : {false, true}) {
    Scene scene;
    scene.memory.frame(kStack + 0x1000, kStack + 0x1100, has_caller ? kCode + 0x30 : 0);
    scene.memory.frame(kStack + 0x1100, kStack + 0x1200, 0);
    scene.run();
    expect("not completed by a 0", scene.is_completed, 0);
  }
}

void another_stack_is_entered_but_not_for_ever() {
  Scene scene;
  scene.copied[2] = kOtherStack;
  scene.memory.frame(kOtherStack, 0, kCode + 0x30);
  scene.run();
  expect("completed on another stack", scene.is_completed, 1);
  expect("its frames", scene.frames.size(), 3);

  Scene ring;
  ring.copied[2] = kOtherStack;
  ring.memory.frame(kOtherStack, kStack + 0x1000, kCode + 0x30);
  ring.memory.frame(kStack + 0x1000, kOtherStack, kCode + 0x40);
  ring.run();
  expect("a ring has no end", ring.is_completed, 0);
}

void goes_thread_start_is_a_root() {
  Scene scene;
  // int3; call; ret; int3: all there is of runtime.mstart. Its caller left any value in rbp.
  for (const auto& [at, byte] : {std::pair{0x2a, 0xcc}, {0x2b, 0xe8}, {0x30, 0xc3}, {0x31, 0xcc}}) {
    scene.code.bytes[kCode + static_cast<uint64_t>(at)] = static_cast<uint8_t>(byte);
  }
  scene.memory.frame(kStack + 0x1000, 0x1234567, kCode + 0x30);
  scene.run();
  expect("completed at mstart", scene.is_completed, 1);
  expect("with it", scene.frames.size(), 3);
}

void the_stack_of_gos_system_ends_at_its_switch() {
  // call *%rdi; mov %fs:-8, %rax: systemstack, in the name of a goroutine whose stack says nothing any more.
  const std::vector<uint8_t> systemstack{0xff, 0xd7, 0x64, 0x48, 0x8b, 0x04, 0x25, 0xf8, 0xff, 0xff, 0xff};
  // call *%r12; pop %rax; jmp: mcall.
  const std::vector<uint8_t> mcall{0x41, 0xff, 0xd4, 0x58, 0xe9};
  for (const auto& [code, call_bytes] : {std::pair{systemstack, 2}, {mcall, 3}}) {
    // The goroutine's stack may be far away, or lie not far above what was copied.
    for (const uint64_t goroutine : {kOtherStack, kStack + 0x1000}) {
      Scene scene;
      const uint64_t call = kCode + 0x20 - static_cast<uint64_t>(call_bytes);
      for (size_t i = 0; i < code.size(); i++) scene.code.bytes[call + i] = code[i];
      scene.copied[2] = goroutine;
      scene.memory.frame(goroutine, 0, kCode + 0x35);
      scene.code.bytes[kCode + 0x34] = 0;
      scene.run();
      expect("whole", scene.is_completed, 1);
      expect("with the frames of this stack", scene.frames.size(), 2);
    }
  }
}

}  // namespace

int main() {
  a_proven_rest_is_taken();
  an_address_that_follows_no_call_spoils_the_rest();
  a_rest_without_a_root_is_not_taken();
  no_return_address_is_no_root();
  another_stack_is_entered_but_not_for_ever();
  goes_thread_start_is_a_root();
  the_stack_of_gos_system_ends_at_its_switch();
  std::puts("ok");
}
