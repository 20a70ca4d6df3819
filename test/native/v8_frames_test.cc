// Names from a made-up heap of V8: what is found, that memory which changes takes its name along, and that memory which
// lies or points back at itself ends without a name.
#include "runtime/v8_frames.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "fake_memory.h"
#include "runtime/v8_bytecodes.h"

namespace {

using prof::RuntimeFrame;
using prof::RuntimeNaming;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  failures++;
}

class FakeHeap : public FakeMemory {
 public:
  /// A tagged object of these words after its map.
  uint64_t add(uint64_t address, uint16_t type, std::initializer_list<uint64_t> fields) {
    const uint64_t map = 0x10000 + uint64_t{type} * 0x40;
    for (uint64_t at = 0; at < 0x40; at += 8) words[map + at] = 0;
    words[map + 8] = uint64_t{type} << 32;
    words[address] = map + 1;
    uint64_t at = address;
    for (const uint64_t field : fields) words[at += 8] = field;
    return address + 1;
  }
  uint64_t add_text(uint64_t address, std::string_view text, uint16_t type = 40) {
    const uint64_t object = add(address, type, {uint64_t{text.size()} << 32, 0});
    for (size_t i = 0; i < text.size(); i++) {
      words[(address + 16 + i) & ~uint64_t{7}] |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * (i & 7));
    }
    return object;
  }
};

constexpr uint64_t integer(int64_t value) { return static_cast<uint64_t>(value) << 32; }

constexpr uint64_t source_position(uint64_t offset, int64_t call) {
  return (offset + 1) << 1 | static_cast<uint64_t>(call + 1) << 31;
}

/// Seven bits a byte.
std::string number(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(0x80 | (value & 0x7f)));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
/// The sign lowest.
std::string signed_number(uint64_t value) { return number(value << 1); }
/// To the next position of an expression; of a statement.
std::string step(uint64_t bytes) { return number(2 * bytes + 1); }
std::string statement(uint64_t bytes) { return number(2 * bytes); }

/// As V8 11.3 has them.
prof::V8Symbols symbols() {
  prof::V8Symbols made;
  const std::map<const char*, int> values{
      {"off_fp_context", -8}, {"off_fp_function", -16}, {"off_fp_bytecode_array", -32},
      {"class_Map__instance_type__uint16_t", 12}, {"class_JSFunction__shared__SharedFunctionInfo", 24},
      {"class_JSFunction__context__Context", 32}, {"class_SharedFunctionInfo__name_or_scope_info__Object", 16},
      {"class_SharedFunctionInfo__script_or_debug_info__HeapObject", 32}, {"class_Script__source__Object", 8},
      {"class_Script__name__Object", 16}, {"scopeinfo_idx_ncontextlocals", 2}, {"scopeinfo_idx_first_vars", 3},
      {"type_JSFunction__JS_FUNCTION_TYPE", 2066}, {"type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 262},
      {"type_ScopeInfo__SCOPE_INFO_TYPE", 261}, {"type_Script__SCRIPT_TYPE", 167},
      {"type_BytecodeArray__BYTECODE_ARRAY_TYPE", 191}, {"type_Code__CODE_TYPE", 245},
      {"class_String__length__int32_t", 12}, {"class_SeqOneByteString__chars__char", 16},
      {"class_ConsString__first__String", 16}, {"class_ConsString__second__String", 24},
      {"class_SlicedString__parent__String", 16}, {"class_SlicedString__offset__SMI", 24},
      {"class_ThinString__actual__String", 16}, {"class_ExternalString__resource__Object", 16},
      {"FirstNonstringType", 128}, {"StringRepresentationMask", 7}, {"StringEncodingMask", 8}, {"OneByteStringTag", 8},
      {"SeqStringTag", 0}, {"ConsStringTag", 1}, {"ExternalStringTag", 2}, {"SlicedStringTag", 3}, {"ThinStringTag", 5},
      {"type_FixedArray__FIXED_ARRAY_TYPE", 175}, {"type_ByteArray__BYTE_ARRAY_TYPE", 190},
      {"class_FixedArrayBase__length__SMI", 8},
      {"class_FixedArray__data__uintptr_t", 16}, {"DeoptimizationDataSharedFunctionInfoIndex", 6},
      {"DeoptimizationDataInliningPositionsIndex", 7}, {"DeoptimizationDataLiteralArrayIndex", 2},
      {"class_BytecodeArray__data__uintptr_t", 56}, {"off_fp_bytecode_offset", -40},
      {"InterpreterBytecodeOffsetRegister", 9}};
  for (const auto& [name, value] : values) made.add(std::string("v8dbg_") + name, value);
  return made;
}

constexpr uint16_t kByteArray = 190;
constexpr uint64_t kFunction = 0x100001, kBytecode = 0x110001, kScope = 0x120000, kName = 0x130000;
constexpr uint64_t kShared = 0x140000, kScript = 0x150000, kSource = 0x160000, kCode = 0x700000;
constexpr uint64_t kHandlers = 0x900000, kFirstHandler = 0x500000, kHandlerBytes = 64;
const std::string kBytecodes("\x10\x11\x12\x13\x14\x15\x16\x17", 8);

/// Eight bytes of bytecode: line 3 from 0 on, line 4 from 5 on; and the interpreter's table of handlers.
void add_bytecode(FakeHeap& heap) {
  const std::string positions = step(0) + signed_number(source_position(28, -1)) + statement(1) + signed_number(16) +
                                step(2) + signed_number(0) + statement(3) + signed_number(14);
  const uint64_t table = heap.add_text(0x112000, positions, kByteArray);
  uint64_t code = 0;
  std::memcpy(&code, kBytecodes.data(), sizeof code);
  heap.add(kBytecode - 1, 191, {integer(8), 0, 0, table, 0, 0, code});
  for (uint64_t i = 0; i < 768; i++) heap.words[kHandlers + 8 * i] = kFirstHandler + kHandlerBytes * i;
}

/// `function outer(a) {…}` on lines 2 to 4 of /a.js, interpreted; and its optimized code at 0x800040, into which a
/// function `inner` on line 3 was put.
FakeHeap heap_with_function() {
  FakeHeap heap;
  const uint64_t source = heap.add_text(kSource, "'use strict';\nfunction outer(a) {\n  b();\n  return a; }\n");
  const uint64_t script = heap.add(kScript, 167, {source, heap.add_text(0x151000, "/a.js"), 0, 0});
  const uint64_t outside = heap.add(0x121000, 261, {0, 0, integer(0), 0, 0, 0, 0, 0, 0, 0, 0});
  const uint64_t scope = heap.add(kScope, 261, {0, integer(1), integer(0), heap.add_text(kName, "outer"), integer(0),
                                                integer(28), integer(54), outside, 0, 0, 0});
  add_bytecode(heap);
  const uint64_t shared = heap.add(kShared, 262, {kBytecode, scope, 0, script, 0, 0});
  heap.add(kFunction - 1, 2066, {0, 0, shared, 0x170001, 0});
  const uint64_t inner_scope = heap.add(0x122000, 261, {0, integer(1), integer(0), heap.add_text(0x131000, "inner"),
                                                        integer(0), integer(37), integer(40), scope, 0, 0, 0});
  const uint64_t inner = heap.add(0x141000, 262, {kBytecode, inner_scope, 0, script, 0, 0});
  const uint64_t literals = heap.add(0x181000, 240, {integer(1), inner | 2});
  const uint64_t calls = heap.add(0x182000, kByteArray, {integer(16), source_position(36, -1), 0});
  const uint64_t data = heap.add(0x180000, 175, {integer(8), 0, 0, literals, 0, 0, 0, shared, calls});
  // At 0x20 of the code: inner's 40th character.
  const uint64_t positions = heap.add_text(0x183000, step(0x21) + signed_number(source_position(40, 0)), kByteArray);
  heap.add(kCode, 245, {0, data, positions, 0, 0x800040, 0, 0, 0, 0, 0, 0});
  for (uint64_t at = 0x7fe000; at < 0x802000; at += 8) heap.words[at] = 0x9090909090909090;
  heap.words[0x800038] = kCode + 1;
  return heap;
}

const RuntimeFrame kInterpreted{
    .address = 0x400000, .has_slots = true, .context = 0x170001, .function = kFunction, .bytecode = kBytecode};
const char* const kBoth = "outer /a.js:2@3 > inner /a.js:3@3";
const RuntimeFrame kOptimized{0x800072, true, true};

/// The names of a naming, outermost first, with the lines they stand at; empty when it has none.
std::string names_in(const RuntimeNaming& naming) {
  std::string names;
  for (size_t i = 0; i < naming.functions.size(); i++) {
    const auto& function = naming.functions[i];
    std::string name = function.name + " " + function.script + ":" + std::to_string(function.line);
    if (i < naming.lines.size() && naming.lines[i] != 0) name += "@" + std::to_string(naming.lines[i]);
    names = name + (names.empty() ? "" : " > ") + names;
  }
  return names;
}

std::string name_of(prof::V8Frames& frames, const RuntimeFrame& frame) {
  std::vector<RuntimeNaming> namings;
  frames.name(std::span(&frame, 1), namings);
  return names_in(namings[0]);
}

prof::V8Layout layout() { return std::get<prof::V8Layout>(prof::make_v8_layout(symbols())); }

void test_names() {
  FakeHeap heap = heap_with_function();
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  expect(name_of(frames, kInterpreted) == "outer /a.js:2", "an interpreted function has name, script and line");
  expect(name_of(frames, kOptimized) == kBoth, "optimized code is found from an address within");
  FakeHeap lying = heap_with_function();
  lying.words[0x182010] = source_position(200, -1);
  prof::V8Frames doubting(where, lying);
  expect(name_of(doubting, kOptimized) == "outer /a.js:2", "a call from outside of its caller was not inlined there");
  RuntimeFrame other = kInterpreted;
  other.bytecode = heap.add(0x111000, 191, {integer(8), 0});
  expect(name_of(frames, other).empty(), "a function that does not hold the frame's bytecode is not the frame's");
}

/// Until what was read counts no longer as read now.
void pause_for_proof() {
  timespec pause{0, 3'000'000};
  nanosleep(&pause, nullptr);
}

/// Code is read later than the sample: what stands there by now may be another function's.
void test_replaced_code() {
  FakeHeap heap = heap_with_function();
  const uint64_t of_inner = heap.add(0x101000, 2066, {0, 0, 0x141001, 0x170001, 0});
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  RuntimeFrame frame{.address = 0x800072, .is_generated = true, .has_slots = true, .context = 0x170001};
  const auto name_with = [&](uint64_t function) {
    frame.function = function;
    return name_of(frames, frame);
  };
  expect(name_with(of_inner).empty(), "a frame of another function is not of this code");
  expect(name_with(kFunction) == kBoth, "its own is");
  expect(name_with(of_inner).empty(), "nor when the code is known");
  expect(name_with(0xdead0001) == kBoth, "a function of which nothing is left says nothing");
  frames.begin_sample(1);
  expect(name_with(0xdead0101).empty(), "nor does code that was not there at the time of the sample, as far as is known");
  expect(name_with(kFunction) == kBoth, "but its own function does");
  heap.words[0xdd0000] = kFunction - 1;
  expect(name_with(0xdd0001) == kBoth, "or its own that was moved");
  heap.words[0xdd0100] = of_inner - 1;
  expect(name_with(0xdd0101).empty(), "not another one that was moved");
  frames.begin_sample(prof::monotonic_ns());
  expect(name_with(0xdead0101) == kBoth, "code that was there before the sample was there then");
  frame.is_leaf = true;
  expect(name_with(of_inner) == kBoth, "the frame of a leaf may be its caller's");
  prof::V8Frames others(where, heap);
  others.begin_sample(1);
  frame.function = of_inner;
  expect(name_of(others, frame).empty(), "but then the code must have been there before");
  others.begin_sample(prof::monotonic_ns());
  expect(name_of(others, frame) == kBoth, "as it has been for the next sample");
  const uint64_t data = std::exchange(heap.words[kCode + 16], 0);
  pause_for_proof();
  (void)name_of(others, frame);
  heap.words[kCode + 16] = data;
  pause_for_proof();
  others.begin_sample(prof::monotonic_ns());
  frame.function = 0xdead0001;
  expect(name_of(others, frame).empty(), "where code comes and goes it may have come back");
}

/// Of code that is known a new address costs few reads, and nothing of code that took its place is missed.
void test_known_code() {
  FakeHeap heap = heap_with_function();
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  RuntimeFrame leaf = kOptimized;
  leaf.address = 0x80007a;
  expect(name_of(frames, leaf) == kBoth, "before");
  const size_t before = heap.reads;
  leaf.address = 0x800072;
  expect(name_of(frames, leaf) == kBoth && heap.reads - before <= 8, "another address in it");
  heap.words[0x180000 + 16 + 8 * 6] = 0x141001;
  heap.words[kCode + 24] = heap.add_text(0x185000, step(0x21), kByteArray);
  leaf.address = 0x800070;
  expect(name_of(frames, leaf) == "inner /a.js:3@3", "code of another function at the same place");
}

/// Positions are sparse: between two that are far apart, what both are in is sure, and nothing of a call.
void test_far_positions() {
  FakeHeap heap = heap_with_function();
  const auto where = layout();
  const RuntimeFrame leaf{0x8000a2, true, true};
  const RuntimeFrame call{0x8000a2, true, false};
  prof::V8Frames last(where, heap);
  expect(name_of(last, leaf) == "outer /a.js:2", "far behind the last position nothing was inlined");
  const std::string first = step(0x21) + signed_number(source_position(40, 0)) + step(0xe0);
  heap.add_text(0x183000, first + signed_number(0), kByteArray);
  prof::V8Frames within(where, heap);
  expect(name_of(within, leaf) == kBoth, "between two positions of one inlined function it runs");
  prof::V8Frames calling(where, heap);
  expect(name_of(calling, call) == "outer /a.js:2", "the place of a call has its position beside it");
}

/// A leaf in the interpreter stands where its registers say, if that is the bytecode whose handler runs.
void test_line_of_leaf() {
  FakeHeap heap = heap_with_function();
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  prof::Registers registers;
  registers.value[prof::kRegR15] = kHandlers;
  RuntimeFrame leaf = kInterpreted;
  leaf.is_leaf = true;
  leaf.registers = &registers;
  const auto line_at = [&](uint64_t offset, uint64_t kind) {
    registers.value[prof::kRegR9] = 55 + offset;
    leaf.address = kFirstHandler + kHandlerBytes * kind + 8;
    return name_of(frames, leaf);
  };
  expect(line_at(1, 0x11) == "outer /a.js:2@3", "the line of a bytecode whose handler runs");
  expect(line_at(5, 0x15) == "outer /a.js:2@4", "and of a later one");
  expect(line_at(5, 0x12) == "outer /a.js:2", "no line while the handler of another one runs");
  expect(line_at(5, 0x115) == "outer /a.js:2@4", "handlers of wide operands");
  expect(line_at(8, 0x15) == "outer /a.js:2", "no line beyond the end of the bytecode");
}

/// A caller stands where its frame says, if it called a function, or the handler agrees.
void test_line_of_caller() {
  FakeHeap heap = heap_with_function();
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  std::vector<RuntimeNaming> namings;
  std::array<RuntimeFrame, 2> stack{kInterpreted, kInterpreted};
  stack[0].is_leaf = true;
  stack[0].address = 0x400040;
  stack[1].callee = stack[0].address;
  stack[1].position = integer(55 + 5);
  frames.name(stack, namings);
  expect(names_in(namings[1]) == "outer /a.js:2@4", "the caller of a function");
  stack[0].context = 34;
  prof::V8Frames others(where, heap);
  others.name(stack, namings);
  expect(names_in(namings[1]) == "outer /a.js:2", "of what else it called nothing is known");
}

constexpr uint64_t kBaseline = 0x710000;

/// Baseline code stands where its table says: an entry of 16 bytes, then 8 bytes for each bytecode.
void test_line_of_baseline() {
  FakeHeap heap = heap_with_function();
  auto where = layout();
  where.bytecode_sizes.assign(3 * 0x18, 1);
  const uint64_t table = heap.add_text(0x184000, std::string("\20\10\10\10\10\10\10\10\10", 9), kByteArray);
  heap.words[0x9fff38] = kBaseline + 1;
  for (uint64_t at = 0x9fe000; at < 0xa00000; at += 8) heap.words.try_emplace(at, 0x9090909090909090);
  heap.add(kBaseline, 245, {0, kBytecode, table, 0, 0x9fff40, 0, 0, 0, 0, 0, 0});
  const auto name_at = [&](uint64_t offset) {
    prof::V8Frames frames(where, heap);
    RuntimeFrame frame = kInterpreted;
    frame.is_generated = true;
    frame.address = 0x9fff40 + offset;
    return name_of(frames, frame);
  };
  expect(name_at(8) == "outer /a.js:2", "the entry is no bytecode's");
  expect(name_at(16 + 1) == "outer /a.js:2@3", "the first bytecode's instructions");
  expect(name_at(16 + 8 * 5) == "outer /a.js:2@4", "those of the sixth");
  expect(name_at(16 + 8 * 8) == "outer /a.js:2", "beyond the end");
  heap.add_text(0x184000, std::string("\20\10\10\10\10\10\10\10", 8), kByteArray);
  expect(name_at(17) == "outer /a.js:2", "a table of another number of bytecodes");
}

/// Of four kinds the first two widen the operands of the third, which has one.
void test_bytecode_starts() {
  const std::vector<uint8_t> sizes{1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 5, 1};
  const auto starts = [&sizes](std::initializer_list<uint8_t> code) {
    return prof::bytecode_starts(std::as_bytes(std::span(code.begin(), code.size())), sizes);
  };
  expect(starts({2, 9, 3, 0, 2, 9, 9, 1, 2, 9, 9, 9, 9, 3}) == std::vector<uint32_t>{0, 2, 3, 7, 13}, "wide operands");
  expect(!starts({3, 2}), "an operand that is missing");
  expect(!starts({3, 0}), "a prefix of nothing");
  expect(!starts({3, 4}), "a kind that there is not");
  expect(!prof::bytecode_starts(std::as_bytes(std::span("\3", 1)), {}), "no sizes");
}

/// The page before the first code of a region cannot be read.
void test_first_code() {
  FakeHeap heap = heap_with_function();
  for (uint64_t at = 0x7fe000; at < 0x800000; at += 8) heap.words.erase(at);
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  expect(name_of(frames, kOptimized) == kBoth, "the first code of a region has its name");
}

/// Code that was behind other code, and is no longer there, is not taken for a part of it.
void test_end_of_code() {
  const auto where = layout();
  const uint64_t size = 0x44;  // with tables of 0x1c bytes
  for (const bool has_sum : {false, true}) {
    FakeHeap heap = heap_with_function();
    for (const auto& [word, value] : std::map<uint64_t, uint64_t>{{6, 0x4ffff0000013d}, {7, uint64_t{0x1c} << 32 | size},
                                                                  {8, uint64_t{0xffffffff} << 32}, {9, 0x1c0000001c}}) {
      heap.words[kCode + 8 * word] = value;
    }
    if (has_sum) {
      heap.words[0x800030] = std::exchange(heap.words[0x800038], size + 0x1c);
    }
    prof::V8Frames frames(where, heap);
    RuntimeFrame frame = kOptimized;
    expect(name_of(frames, frame) == kBoth, "code has its name");
    frame.address = 0x800040 + size - 1;
    expect(!name_of(frames, frame).empty(), "its last byte has");
    frame.address = 0x800040 + size;
    expect(name_of(frames, frame).empty(), "what is behind it has not");
    frame.address = 0x800040 + 2 * size;
    expect(name_of(frames, frame).empty(), "nor what is farther away");
    if (!has_sum) continue;
    heap.words[0x800038] = size;
    prof::V8Frames doubting(where, heap);
    expect(!name_of(doubting, frame).empty(), "numbers that do not agree tell no end");
  }
}

/// What is remembered does not outlive the object.
void test_moved() {
  const auto where = layout();
  for (const RuntimeFrame& frame : {kInterpreted, kOptimized}) {
    FakeHeap heap = heap_with_function();
    prof::V8Frames frames(where, heap);
    expect(name_of(frames, frame) == (frame.is_generated ? kBoth : "outer /a.js:2"), "before");
    pause_for_proof();
    heap.words[kFunction - 1] = 0;
    heap.words[0x800038] = 0;
    expect(name_of(frames, frame).empty(), "an object that was moved away takes its name along");
  }
}

/// Pages are read as a whole and remembered for a moment; what changed meanwhile is not missed.
void test_changed_page() {
  FakeHeap heap = heap_with_function();
  for (const uint64_t object : {kFunction, kShared, kScope}) {
    const uint64_t page = object & ~uint64_t{4095};
    for (uint64_t at = page; at < page + 4096; at += 8) heap.words.try_emplace(at, 0);
  }
  const auto where = layout();
  prof::V8Frames frames(where, heap);
  RuntimeFrame leaf = kInterpreted;
  expect(name_of(frames, leaf) == "outer /a.js:2", "before");
  heap.words[kShared + 16] = heap.words[0x141010];
  leaf.is_leaf = true;
  expect(name_of(frames, leaf) == "inner /a.js:3@3", "another function at the same place, a moment later");
}

/// Each word of the heap in turn is damaged: whatever comes out, it ends, soon, within the memory that is there.
void test_hostile() {
  const auto where = layout();
  const FakeHeap good = heap_with_function();
  for (const auto& [address, word] : good.words) {
    if (address >= 0x7fe000 && word == 0x9090909090909090) continue;
    if (address >= kHandlers) continue;  // not read for these frames
    for (const uint64_t lie :
         {uint64_t{0}, address + 1, ~uint64_t{0}, kFunction, kName + 1, uint64_t{0x7fffffff} << 32}) {
      FakeHeap heap = good;
      heap.words[address] = lie;
      prof::V8Frames frames(where, heap);
      for (const RuntimeFrame& frame : {kInterpreted, kOptimized}) (void)name_of(frames, frame);
      expect(heap.reads < 5000, "damaged memory is given up soon");
    }
  }
}

void test_endless_name() {
  const auto where = layout();
  FakeHeap heap = heap_with_function();
  heap.add(kName, 41, {integer(64), kName + 1, kName + 1});
  prof::V8Frames frames(where, heap);
  expect(name_of(frames, kInterpreted).empty(), "a concatenation of itself is no name");
  expect(heap.reads < 1000, "and is given up soon");
}

constexpr uint64_t kModule = 0x20000000, kBinary = 0x20010000, kTable = 0x20040000, kCodeSpace = 0xa00000;
constexpr uint64_t kEightyCode = 0x20031000, kNewCode = 0x20034000;
constexpr uint16_t kModuleObject = 300, kForeign = 301, kInstance = 302, kTrusted = 304;

prof::V8Symbols symbols_with_wasm() {
  prof::V8Symbols made = symbols();
  made.add("v8dbg_type_WasmModuleObject__", kModuleObject);
  made.add("v8dbg_type_Foreign__", kForeign);
  made.add("v8dbg_type_WasmInstanceObject__", kInstance);
  made.add("v8dbg_type_WasmExportedFunctionData__", 303);
  made.add("v8dbg_class_Script__wasm_managed_native_module__", 80);
  made.add("v8dbg_frametype_WasmFrame__", 4);
  return made;
}

/// A WasmCode; the size and the index of its function lie where V8 11.3 has them.
void add_wasm_code(FakeHeap& heap, uint64_t object, uint64_t start, uint64_t size, uint32_t function) {
  heap.fill(object, object + 96);
  heap.words[object] = kModule;
  heap.words[object + 8] = start;
  heap.words[object + 24] = size;
  heap.words[object + 40] = uint64_t{function} << 32;
}

void add_node(FakeHeap& heap, uint64_t at, std::array<uint64_t, 3> links, uint64_t key, uint64_t code) {
  heap.words[at] = 1;
  for (size_t i = 0; i < links.size(); i++) heap.words[at + 8 + 8 * i] = links[i];
  heap.words[at + 32] = key;
  heap.words[at + 40] = code;
}

/// A function is imported, two are the module's own, of which the first is called `eighty`. Code of the second is so new
/// that it is not in the tree.
FakeHeap heap_with_wasm() {
  FakeHeap heap;
  const std::string binary("\0asm\1\0\0\0\2\7\1\1e\1v\0\0\3\3\2\0\0\0\20\4name\1\11\1\1\6eighty", 40);
  heap.put_text(kBinary, binary);
  heap.words[0x20020000] = kBinary;
  heap.words[0x20020008] = binary.size();
  constexpr uint32_t kNone = 0xffffffff;
  add_wasm_code(heap, 0x20030000, kCodeSpace, 0x40, kNone);
  add_wasm_code(heap, 0x20032000, kCodeSpace + 0x40, 0x80, kNone);
  add_wasm_code(heap, kEightyCode, kCodeSpace + 0xc0, 0xc0, 1);
  add_wasm_code(heap, kNewCode, kCodeSpace + 0x180, 0xc0, 2);
  const uint64_t header = kModule + 80;
  add_node(heap, 0x20038000, {header, 0x20038100, 0x20038200}, kCodeSpace + 0x40, 0x20032000);
  add_node(heap, 0x20038100, {0x20038000, 0, 0}, kCodeSpace, 0x20030000);
  add_node(heap, 0x20038200, {0x20038000, 0, 0}, kCodeSpace + 0xc0, kEightyCode);
  heap.words[kTable] = kEightyCode;
  heap.words[kTable + 8] = kNewCode;
  heap.words[0x20050000] = kNewCode;
  heap.fill(kModule, kModule + 256);
  const std::array<uint64_t, 5> map{0, 0x20038000, 0x20038100, 0x20038200, 3};
  for (size_t i = 0; i < map.size(); i++) heap.words[header + 8 * i] = map[i];
  heap.words[kModule + 24] = 0x20020000;
  heap.words[kModule + 160] = kTable;
  const std::array<uint64_t, 3> fresh{0x20050000, 0x20050008, 0x20050010};
  for (size_t i = 0; i < fresh.size(); i++) heap.words[kModule + 176 + 8 * i] = fresh[i];
  heap.fill(0x20060000, 0x20060040);
  heap.words[0x20060018] = 0x20070000;
  heap.words[0x20070000] = kModule;
  const uint64_t foreign = heap.add(0x1a0000, kForeign, {0x20060000});
  const uint64_t name = heap.add_text(0x1a1000, "wasm://wasm/1");
  const uint64_t script = heap.add(0x1b0000, 167, {0, name, 0, 0, 0, 0, 0, 0, 0, foreign});
  const uint64_t module = heap.add(0x1c0000, kModuleObject, {0, 0, foreign, script, 0, 0, 0});
  const uint64_t instance = heap.add(0x1d0000, kInstance, {0, 0, 0, module});
  heap.add(0x1e0000, kTrusted, {0, 0x1234, instance});
  return heap;
}

RuntimeFrame wasm_frame(uint64_t offset) {
  return {.address = kCodeSpace + offset, .is_generated = true, .has_slots = true, .context = 8, .function = 0x1e0001};
}

void test_wasm() {
  FakeHeap heap = heap_with_wasm();
  const auto where = std::get<prof::V8Layout>(prof::make_v8_layout(symbols_with_wasm()));
  prof::V8Frames frames(where, heap);
  expect(name_of(frames, wasm_frame(0xf0)) == "eighty wasm://wasm/1:0", "a function by the name section");
  expect(name_of(frames, wasm_frame(0x190)) == "wasm-function[2] wasm://wasm/1:0", "new code; by its index");
  expect(name_of(frames, wasm_frame(0x50)) == "(WebAssembly) :0", "a jump table is no function's");
  expect(name_of(frames, wasm_frame(0x240)) == "(WebAssembly) :0", "beyond the end of all code");
  RuntimeFrame leaf = wasm_frame(0xf4);
  leaf.is_leaf = true;
  leaf.context = 34;
  expect(name_of(frames, leaf) == "eighty wasm://wasm/1:0", "a leaf without a frame, in a module that is known");
  timespec pause{0, 3'000'000};
  nanosleep(&pause, nullptr);
  heap.words[kEightyCode] = 0;
  expect(name_of(frames, wasm_frame(0xf0)) == "(WebAssembly) :0", "code that was freed takes its name along");
  FakeHeap fresh = heap_with_wasm();
  fresh.words[kModule + 88] = 0;
  const std::array<uint64_t, 4> all{kNewCode, 0x20032000, kEightyCode, 0x20030000};
  for (size_t i = 0; i < all.size(); i++) fresh.words[0x20050000 + 8 * i] = all[i];
  fresh.words[kModule + 184] = fresh.words[kModule + 192] = 0x20050000 + 8 * all.size();
  prof::V8Frames early(where, fresh);
  expect(name_of(early, wasm_frame(0xf0)) == "eighty wasm://wasm/1:0", "no code was looked up yet");
  FakeHeap twice = heap_with_wasm();
  twice.words[kTable] = kNewCode;
  prof::V8Frames doubting(where, twice);
  expect(name_of(doubting, wasm_frame(0xf0)) == "(WebAssembly) :0", "a table that contradicts the code: no names");
}

/// Each word in turn is damaged: the name is the right one, or there is none.
void test_hostile_wasm() {
  const auto where = std::get<prof::V8Layout>(prof::make_v8_layout(symbols_with_wasm()));
  const FakeHeap good = heap_with_wasm();
  for (const auto& [address, word] : good.words) {
    if (address >= kBinary && address < kBinary + 64) continue;
    for (const uint64_t lie : {uint64_t{0}, address + 1, ~uint64_t{0}, kModule, kNewCode, uint64_t{0x7fffffff} << 32}) {
      FakeHeap heap = good;
      heap.words[address] = lie;
      prof::V8Frames frames(where, heap);
      const std::string name = name_of(frames, wasm_frame(0xf0));
      expect(name.starts_with("eighty ") || name == "(WebAssembly) :0", "never another name");
    }
  }
}

void test_missing_constants() {
  prof::V8Symbols without;
  without.add("v8dbg_off_fp_context", -8);
  const auto result = prof::make_v8_layout(without);
  const auto* const unreadable = std::get_if<prof::V8Unreadable>(&result);
  expect(unreadable != nullptr && unreadable->constant == "v8dbg_off_fp_function", "the missing constant is told");
  expect(std::holds_alternative<prof::V8Unreadable>(prof::make_v8_layout({})), "no constants, no layout");
}

}  // namespace

int main() {
  test_replaced_code();
  test_names();
  test_known_code();
  test_far_positions();
  test_line_of_leaf();
  test_line_of_caller();
  test_line_of_baseline();
  test_bytecode_starts();
  test_first_code();
  test_end_of_code();
  test_moved();
  test_changed_page();
  test_hostile();
  test_endless_name();
  test_wasm();
  test_hostile_wasm();
  test_missing_constants();
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
