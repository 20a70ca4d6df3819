// Names from a made-up heap of V8: what is found, that memory which changes takes its name along, and that memory which
// lies or points back at itself ends without a name.
#include "runtime/v8_frames.h"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <string_view>

namespace {

using prof::RuntimeFrame;
using prof::RuntimeNaming;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  failures++;
}

class FakeHeap : public prof::HeapSource {
 public:
  std::map<uint64_t, uint64_t> words;
  size_t reads = 0;

  size_t read(uint64_t address, std::span<std::byte> out) override {
    reads++;
    for (size_t i = 0; i < out.size(); i++) {
      const auto found = words.find((address + i) & ~uint64_t{7});
      if (found == words.end()) return i;
      out[i] = static_cast<std::byte>(found->second >> (8 * ((address + i) & 7)));
    }
    return out.size();
  }
  size_t read_ranges(std::span<const prof::WordRange> ranges) override {
    size_t whole = 0;
    for (const auto& range : ranges) {
      const auto bytes = std::as_writable_bytes(range.words);
      if (read(range.address, bytes) != bytes.size()) break;
      whole++;
    }
    return whole;
  }
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

/// Seven bits a byte, the sign lowest.
std::string signed_number(uint64_t value) {
  std::string bytes;
  for (value <<= 1; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(0x80 | (value & 0x7f)));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

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
      {"class_Code__deoptimization_data__FixedArray", 16}, {"class_FixedArrayBase__length__SMI", 8},
      {"class_FixedArray__data__uintptr_t", 16}, {"DeoptimizationDataSharedFunctionInfoIndex", 6},
      {"DeoptimizationDataInliningPositionsIndex", 7}, {"DeoptimizationDataLiteralArrayIndex", 2},
      {"class_Code__source_position_table__ByteArray", 24}};
  for (const auto& [name, value] : values) made.add(std::string("v8dbg_") + name, value);
  return made;
}

constexpr uint64_t kFunction = 0x100001, kBytecode = 0x110001, kScope = 0x120000, kName = 0x130000;
constexpr uint16_t kByteArray = 190;
constexpr uint64_t kShared = 0x140000, kScript = 0x150000, kSource = 0x160000, kCode = 0x700000;

/// `function outer(a) {…}` on line 2 of /a.js, interpreted; and its optimized code at 0x800040, into which a function
/// `inner` was put.
FakeHeap heap_with_function() {
  FakeHeap heap;
  const uint64_t source = heap.add_text(kSource, "'use strict';\nfunction outer(a) { return a; }\n");
  const uint64_t script = heap.add(kScript, 167, {source, heap.add_text(0x151000, "/a.js"), 0, 0});
  const uint64_t outside = heap.add(0x121000, 261, {0, 0, integer(0), 0, 0, 0, 0, 0, 0, 0, 0});
  const uint64_t scope = heap.add(kScope, 261, {0, integer(1), integer(0), heap.add_text(kName, "outer"), integer(0),
                                                integer(28), integer(45), outside, 0, 0, 0});
  heap.add(kBytecode - 1, 191, {integer(8), 0});
  const uint64_t shared = heap.add(kShared, 262, {kBytecode, scope, 0, script, 0, 0});
  heap.add(kFunction - 1, 2066, {0, 0, shared, 0x170001, 0});
  const uint64_t inner_scope = heap.add(0x122000, 261, {0, integer(1), integer(0), heap.add_text(0x131000, "inner"),
                                                        integer(0), integer(35), integer(44), scope, 0, 0, 0});
  const uint64_t inner = heap.add(0x141000, 262, {kBytecode, inner_scope, 0, script, 0, 0});
  const uint64_t literals = heap.add(0x181000, 240, {integer(1), inner | 2});
  const uint64_t calls = heap.add(0x182000, kByteArray, {integer(16), source_position(36, -1), 0});
  const uint64_t data = heap.add(0x180000, 175, {integer(8), 0, 0, literals, 0, 0, 0, shared, calls});
  // At 0x20 of the code: inner's 40th character.
  const uint64_t positions = heap.add_text(0x183000, '\x40' + signed_number(source_position(40, 0)), kByteArray);
  heap.add(kCode, 245, {0, data, positions, 0, 0x800040, 0, 0, 0, 0, 0, 0});
  for (uint64_t at = 0x7fe000; at < 0x802000; at += 8) heap.words[at] = 0x9090909090909090;
  heap.words[0x800038] = kCode + 1;
  return heap;
}

const RuntimeFrame kInterpreted{0x400000, false, false, true, 0x170001, kFunction, kBytecode};
const char* const kBoth = "outer /a.js:2 > inner /a.js:2";
const RuntimeFrame kOptimized{0x800072, true, true, false, 0, 0, 0};

/// The names of one frame, outermost first; empty when it has none.
std::string name_of(prof::V8Frames& frames, const RuntimeFrame& frame) {
  std::vector<RuntimeNaming> namings;
  frames.name(std::span(&frame, 1), namings);
  std::string names;
  for (const auto& function : namings[0].functions) {
    names = function.name + " " + function.script + ":" + std::to_string(function.line) + (names.empty() ? "" : " > ") +
            names;
  }
  return names;
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

/// What is remembered does not outlive the object.
void test_moved() {
  const auto where = layout();
  for (const RuntimeFrame& frame : {kInterpreted, kOptimized}) {
    FakeHeap heap = heap_with_function();
    prof::V8Frames frames(where, heap);
    expect(name_of(frames, frame) == (frame.is_generated ? kBoth : "outer /a.js:2"), "before");
    timespec pause{0, 3'000'000};
    nanosleep(&pause, nullptr);
    heap.words[kFunction - 1] = 0;
    heap.words[0x800038] = 0;
    expect(name_of(frames, frame).empty(), "an object that was moved away takes its name along");
  }
}

/// Each word of the heap in turn is damaged: whatever comes out, it ends, soon, within the memory that is there.
void test_hostile() {
  const auto where = layout();
  const FakeHeap good = heap_with_function();
  for (const auto& [address, word] : good.words) {
    if (address >= 0x7fe000 && word == 0x9090909090909090) continue;
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
  test_names();
  test_moved();
  test_hostile();
  test_endless_name();
  test_missing_constants();
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
