// Names and lines from a made-up HotSpot: what is found, that what is freed or unloaded takes its name along, and that
// tables and heaps that lie or point back at themselves end without harm.
#include "runtime/hotspot.h"

#include <cstdio>
#include <ctime>
#include <string>
#include <variant>

#include "base/clock.h"
#include "fake_hotspot.h"

namespace {

using prof::RuntimeFrame;

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::printf("not so: %s\n", what.c_str());
  failures++;
}

std::unique_ptr<prof::HotSpot> make(FakeHotSpot& memory) {
  auto made = prof::HotSpot::make(memory.exports, memory);
  return std::holds_alternative<std::unique_ptr<prof::HotSpot>>(made) ? std::move(std::get<0>(made)) : nullptr;
}

std::string missing(FakeHotSpot& memory) {
  const auto made = prof::HotSpot::make(memory.exports, memory);
  const auto* const unreadable = std::get_if<prof::HotSpot::Unreadable>(&made);
  return unreadable == nullptr ? "nothing" : unreadable->missing;
}

/// Names and lines of one frame, outermost first, as `name file:first@line`.
std::string name_of(prof::HotSpot& of, const RuntimeFrame& frame) {
  of.unwinder().begin_stack();
  std::vector<prof::RuntimeNaming> namings;
  of.frames().name(std::span(&frame, 1), namings);
  std::string names;
  for (size_t i = 0; i < namings[0].functions.size(); i++) {
    const auto& function = namings[0].functions[i];
    const uint32_t line = namings[0].lines.empty() ? 0 : namings[0].lines[i];
    names = function.name + " " + function.script + ":" + std::to_string(function.line) + "@" + std::to_string(line) +
            (names.empty() ? "" : " > ") + names;
  }
  return names;
}

void wait_for_proof() {
  const timespec pause{0, 3'000'000};
  nanosleep(&pause, nullptr);
}

/// A frame of the interpreter that will go on at a place, with a bytecode in its slot.
RuntimeFrame interpreted(uint64_t place, uint64_t bci, uint64_t method = FakeHotSpot::kOuter) {
  return {.address = place - 1,
          .is_generated = true,
          .has_slots = true,
          .function = method,
          .bytecode = FakeHotSpot::bytecodes(method) + bci};
}

RuntimeFrame compiled(uint64_t offset, bool is_leaf = false) {
  const uint64_t pc = FakeHotSpot::kCompiledCode + offset;
  return {.address = is_leaf ? pc : pc - 1, .is_generated = true, .is_leaf = is_leaf};
}

const char* const kInlined = "shop.Main.outer Main.java:10@11 > shop.Main.inner Main.java:20@22";

void test_interpreted() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  if (vm == nullptr) return expect(false, "it has " + missing(memory));
  expect(name_of(*vm, interpreted(FakeHotSpot::kReloads, 4)) == "shop.Main.outer Main.java:10@11",
         "a caller stands at the bytecode in its frame");
  expect(name_of(*vm, interpreted(FakeHotSpot::kForgets, 4)) == "shop.Main.outer Main.java:10@0",
         "a call that kept no bytecode has no line");
  expect(name_of(*vm, interpreted(FakeHotSpot::kReloads, 12)) == "shop.Main.outer Main.java:10@0",
         "a bytecode of another method has no line");
  prof::Registers registers;
  registers.value[prof::kRegR13] = FakeHotSpot::bytecodes(FakeHotSpot::kOuter) + 9;
  RuntimeFrame leaf = interpreted(FakeHotSpot::kForgets, 4);
  leaf.is_leaf = true;
  leaf.registers = &registers;
  expect(name_of(*vm, leaf) == "shop.Main.outer Main.java:10@13", "the innermost stands where r13 says");
  registers.known = prof::kPcAndSp;
  expect(name_of(*vm, leaf) == "shop.Main.outer Main.java:10@0", "and nowhere when r13 is not known");
  expect(name_of(*vm, interpreted(FakeHotSpot::kReloads, 0, FakeHotSpot::kHolder)).empty(), "what is no method");
}

void test_compiled() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  if (vm == nullptr) return expect(false, "it has " + missing(memory));
  expect(name_of(*vm, compiled(0x40)) == kInlined, "a call in an inlined method");
  expect(name_of(*vm, compiled(0x48)) == "shop.Main.outer Main.java:10@0", "a place without description has no line");
  expect(name_of(*vm, compiled(0x80, true)) == "shop.Main.outer Main.java:10@13", "a place with a description");
  const auto calling = [&](uint64_t offset) {
    RuntimeFrame frame = compiled(offset);
    frame.callee = FakeHotSpot::kReloads;
    return name_of(*vm, frame);
  };
  expect(calling(0x40) == kInlined, "a call of Java");
  expect(calling(0x48).empty(), "a place without description has called no Java: this code replaced another");
  expect(calling(FakeHotSpot::kDeoptHandler) == "shop.Main.outer Main.java:10@0", "a frame that was deoptimized");
  FakeHotSpot lying;
  lying.put(FakeHotSpot::kNmethod + 0x600, FakeHotSpot::kInner);
  const auto doubting = make(lying);
  expect(name_of(*doubting, compiled(0x40)) == "shop.Main.outer Main.java:10@0",
         "a chain that ends in another method is none of this code");
}

/// Behind a place are instructions of whoever comes next: the code itself says which place a thread comes to.
void test_between_places() {
  const char* const outer = "shop.Main.outer Main.java:10@0";
  const std::string inlined = std::string(outer) + " > shop.Main.inner Main.java:20@0";
  FakeHotSpot memory;
  memory.put_text(FakeHotSpot::kCompiledCode + 0x50, "\x75\xee");  // jne 0x40
  memory.put_text(FakeHotSpot::kCompiledCode + 0x90, "\xc3");
  const auto vm = make(memory);
  expect(name_of(*vm, compiled(0x3c, true)) == inlined, "before a place: its methods, not its lines");
  expect(name_of(*vm, compiled(0x4e, true)) == inlined, "at the end of a loop: the place at its beginning");
  expect(name_of(*vm, compiled(0x52, true)) == outer, "behind the loop: the next place");
  FakeHotSpot returning;
  returning.put_text(FakeHotSpot::kCompiledCode + 0x48, "\xc3");
  const auto other = make(returning);
  expect(name_of(*other, compiled(0x46, true)) == outer, "before a return: what the places around it share");
  expect(name_of(*other, compiled(0x82, true)) == outer, "behind all places: the code's own method");
}

/// Frames are left by what the code cache and the frame itself say.
void test_unwinding() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  vm->unwinder().begin_stack();
  std::vector<uint64_t> stack(64, 0);
  const uint64_t base = 0x7ffc0000;
  stack[3] = FakeHotSpot::kReloads;  // above four words, with the return address
  stack[2] = base + 8 * 20;
  const prof::StackView view{{base, std::as_bytes(std::span(stack))}, nullptr};
  prof::WalkFrame frame;
  frame.registers.value[prof::kRegRsp] = base;
  frame.lookup = FakeHotSpot::kCompiledCode + 0x3f;
  frame.is_exact = false;
  const auto caller = vm->unwinder().leave(frame, view);
  expect(caller.pc == FakeHotSpot::kReloads && caller.sp == base + 32 && caller.rbp == base + 160,
         "compiled code is left by the size of its frame");
  stack[20] = base + 8 * 40;
  stack[21] = FakeHotSpot::kReloads + 8;
  stack[19] = base + 8 * 24;
  stack[17] = FakeHotSpot::kOuter;
  frame.registers.value[prof::kRegRsp] = caller.sp;
  frame.registers.value[prof::kRegRbp] = caller.rbp;
  frame.lookup = caller.pc - 1;
  const auto next = vm->unwinder().leave(frame, view);
  expect(next.pc == FakeHotSpot::kReloads + 8 && next.sp == base + 8 * 24 && next.frame_pointer == base + 160,
         "the interpreter is left by its frame, to where its caller's stack ended");
}

/// The stub for exceptions begins and ends without anything on the stack.
void test_exception_stub() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  vm->unwinder().begin_stack();
  const uint64_t base = 0x7ffc0000, thrower = FakeHotSpot::kCompiledCode + 0x40, stale = FakeHotSpot::kReloads;
  for (const auto& [offset, pushed] : {std::pair(0, 0), {1, 1}, {5, 2}, {6, 2}, {10, 1}, {11, 0}, {12, 0}}) {
    std::vector<uint64_t> stack(16, stale);
    if (pushed > 0) stack[static_cast<size_t>(pushed) - 1] = thrower;
    const prof::StackView view{{base, std::as_bytes(std::span(stack))}, nullptr};
    prof::WalkFrame frame;
    frame.registers.value[prof::kRegRip] = FakeHotSpot::kExceptionCode + static_cast<uint64_t>(offset);
    frame.registers.value[prof::kRegRsp] = base;
    frame.registers.value[prof::kRegRdx] = pushed > 0 ? stale : thrower;
    frame.lookup = frame.registers.pc();
    frame.is_exact = true;
    const auto caller = vm->unwinder().leave(frame, view);
    expect(caller.pc == thrower && caller.sp == base + 8 * static_cast<uint64_t>(pushed),
           "the stub for exceptions, at " + std::to_string(offset));
  }
}

void test_freed() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  expect(name_of(*vm, compiled(0x40)) == kInlined, "before");
  wait_for_proof();
  // Other code took its place, of a method that has no debug information.
  memory.put(FakeHotSpot::kNmethod + 0x68, 8, 4);
  memory.put(FakeHotSpot::kNmethod + 0x60, FakeHotSpot::kInner);
  expect(name_of(*vm, compiled(0x40)) == "shop.Main.inner Main.java:20@0", "code that replaced it has its own name");
  wait_for_proof();
  memory.fill(0x200000, 0x200400, ~uint64_t{0});
  memory.put(FakeHotSpot::kCompiled + 8, 0);
  expect(name_of(*vm, compiled(0x40)).empty(), "the name goes with the code");
}

/// Of several frames at once one method is unloaded.
void test_unloaded() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  const RuntimeFrame both[]{interpreted(FakeHotSpot::kReloads, 4), interpreted(FakeHotSpot::kReloads, 3, FakeHotSpot::kInner)};
  std::vector<prof::RuntimeNaming> namings;
  const auto named = [&] {
    wait_for_proof();
    vm->unwinder().begin_stack();
    vm->frames().name(both, namings);
    return std::pair(!namings[0].functions.empty(), !namings[1].functions.empty());
  };
  expect(named() == std::pair(true, true), "before");
  memory.reads = 0;
  expect(named() == std::pair(true, true), "proved again");
  memory.put(FakeHotSpot::kInner + 8, 0);
  expect(named() == std::pair(true, false), "an unloaded method takes its name along, and no other");
  memory.put(FakeHotSpot::kHolder, 0);
  expect(named() == std::pair(false, false), "an unloaded class takes all of them");
}

/// A caller and a callee whose names do not fit its bytecode are neither.
void test_impossible_calls() {
  FakeHotSpot memory;
  const uint64_t call = FakeHotSpot::bytecodes(FakeHotSpot::kOuter) + 4;
  memory.put(call, 184, 1), memory.put(call + 1, 0, 2);  // invokestatic, by the cache's entry 0
  const auto names = [&](uint64_t callee_method) {
    const auto vm = make(memory);
    RuntimeFrame callee = interpreted(FakeHotSpot::kReloads, 4, callee_method);
    RuntimeFrame caller = interpreted(FakeHotSpot::kReloads, 4);
    caller.callee = callee.address;
    const RuntimeFrame both[]{callee, caller};
    std::vector<prof::RuntimeNaming> namings;
    vm->unwinder().begin_stack();
    vm->frames().name(both, namings);
    return std::pair(!namings[0].functions.empty(), !namings[1].functions.empty());
  };
  expect(names(FakeHotSpot::kInner) == std::pair(true, true), "outer calls inner");
  expect(names(FakeHotSpot::kOuter) == std::pair(false, false), "outer does not call itself there");
  memory.put(call, 186, 1);
  expect(names(FakeHotSpot::kOuter) == std::pair(true, true), "what invokedynamic calls is not said");
  memory.put(call, 3, 1);
  expect(names(FakeHotSpot::kInner) == std::pair(false, false), "iconst_0 calls nothing");
}

/// Once a class was unloaded, what was first seen after a sample may have taken another's place.
void test_replaced() {
  FakeHotSpot memory;
  const auto vm = make(memory);
  const RuntimeFrame of_interpreter = interpreted(FakeHotSpot::kReloads, 4);
  const auto names_at = [&](uint64_t time_ns) {
    wait_for_proof();
    vm->unloading().begin_sample(time_ns);
    return std::pair(!name_of(*vm, of_interpreter).empty(), !name_of(*vm, compiled(0x40)).empty());
  };
  const uint64_t before = prof::monotonic_ns();
  expect(names_at(before) == std::pair(true, true), "nothing was unloaded: what is there was there");
  expect(!vm->unloading().is_restless(), "nothing was unloaded lately");
  const uint64_t seen = prof::monotonic_ns();
  memory.put(FakeHotSpot::kUnloadedClasses, 1);
  expect(names_at(before) == std::pair(false, false), "first seen after the sample, and a class was unloaded since");
  expect(vm->unloading().is_restless(), "a class was unloaded lately");
  expect(names_at(seen) == std::pair(true, true), "seen before the sample");
  wait_for_proof();
  memory.put(FakeHotSpot::kNmethod + 0x68, 8, 4);
  memory.put_text(0x305000 + 3 * 64 + 6, "shop/Many");
  expect(names_at(seen) == std::pair(false, false), "other code, and a class of another name, in their places");
  expect(names_at(prof::monotonic_ns()) == std::pair(true, true), "whose own samples have their names");
}

void use(FakeHotSpot& memory) {
  memory.reads = 0;
  if (const auto vm = make(memory)) {
    for (const RuntimeFrame& frame : {interpreted(FakeHotSpot::kReloads, 4), compiled(0x40), compiled(0x44, true)}) {
      (void)name_of(*vm, frame);
    }
  }
  expect(memory.reads < 5000, "damaged memory is given up soon");
}

/// Each word in turn is damaged: whatever comes out, it ends, soon, within the memory that is there.
void test_hostile() {
  const FakeHotSpot good;
  for (const auto& [address, word] : good.words) {
    if (word == 0 && address >= FakeHotSpot::kInterpreter && address < 0x110000) continue;
    for (const uint64_t lie : {uint64_t{0}, address, ~uint64_t{0}, word ^ uint64_t{0x80}}) {
      FakeHotSpot memory = good;
      memory.words[address] = lie;
      use(memory);
    }
    FakeHotSpot memory = good;
    memory.words.erase(address);
    use(memory);
  }
}

void test_missing_tables() {
  FakeHotSpot without;
  without.exports.erase("gHotSpotVMTypes");
  expect(missing(without) == "gHotSpotVMTypes", "the missing table is told");
  FakeHotSpot endless;
  endless.put(endless.exports["gHotSpotVMStructEntryArrayStride"], 0);
  expect(missing(endless).empty(), "a table without a stride cannot be read");
  FakeHotSpot renamed;
  // `CodeCache`, the first name of all.
  renamed.put_text(0x20000, "x");
  expect(missing(renamed) == "CodeCache._heaps", "the missing field is told");
}

}  // namespace

int main() {
  test_interpreted();
  test_compiled();
  test_between_places();
  test_unwinding();
  test_exception_stub();
  test_freed();
  test_unloaded();
  test_impossible_calls();
  test_replaced();
  test_hostile();
  test_missing_tables();
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
