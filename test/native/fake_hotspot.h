// A made-up HotSpot: the tables that libjvm exports, with the fields of JDK 17 at places of its own, a code cache with
// interpreter and one compiled method, and the class `shop.Main` of two methods.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fake_memory.h"
#include "runtime/hotspot.h"

class FakeHotSpot : public FakeMemory {
 public:
  static constexpr uint64_t kInterpreter = 0x100000, kInterpreterCode = kInterpreter + 0x90;
  static constexpr uint64_t kReloads = kInterpreterCode + 0x40;  // a place that Java code returns to
  static constexpr uint64_t kForgets = kInterpreterCode + 0x140;  // one behind a call that kept nothing
  static constexpr uint64_t kCompiled = 0x102000, kCompiledCode = kCompiled + 0x110;
  static constexpr uint64_t kNmethod = kCompiled + 0x10;
  static constexpr uint64_t kDeoptHandler = 0x3c0;  // offset in the code
  static constexpr uint64_t kException = 0x104000, kExceptionCode = kException + 0x110;
  static constexpr uint64_t kOuter = 0x300000, kInner = 0x310000, kHolder = 0x302000, kClass = 0x303000;
  static constexpr uint64_t kCache = 0x304000;
  static constexpr uint64_t kConstBytes = 48;
  static constexpr uint64_t bytecodes(uint64_t method) { return method + 0x1000 + kConstBytes; }
  static constexpr uint64_t kTables = 0x10000;
  static constexpr uint64_t kUnloadedClasses = 0x52068;  // their count

  prof::HotSpotStructs::Exports exports;

  FakeHotSpot() {
    add_tables();
    add_code();
    add_class();
    add_counters();
  }

 private:
  struct Entry {
    const char* type;
    const char* field;
    const char* holds;
    uint64_t at;
    bool is_static = false;
  };

  uint64_t text(std::string_view of) {
    const uint64_t at = next_text_;
    put_text(at, of);
    put(at + of.size(), 0, 1);
    next_text_ += of.size() + 1;
    return at;
  }
  /// An exported integer.
  void number(const std::string& name, uint64_t value) {
    put(next_number_, value);
    exports[name] = next_number_;
    next_number_ += 8;
  }

  void add_tables() {
    const std::vector<Entry> fields{
        {"CodeCache", "_heaps", "GrowableArray<CodeHeap*>*", 0x50000, true}, {"GrowableArrayBase", "_len", "int", 0},
        {"GrowableArray<int>", "_data", "int*", 8}, {"CodeHeap", "_memory", "VirtualSpace", 0},
        {"CodeHeap", "_segmap", "VirtualSpace", 0x20}, {"CodeHeap", "_log2_segment_size", "int", 0x40},
        {"VirtualSpace", "_low", "char*", 0}, {"VirtualSpace", "_high", "char*", 8},
        {"CodeBlob", "_name", "const char*", 8}, {"CodeBlob", "_size", "int", 16}, {"CodeBlob", "_frame_size", "int", 20},
        {"CodeBlob", "_frame_complete_offset", "int", 24}, {"CodeBlob", "_code_begin", "address", 32},
        {"CodeBlob", "_code_end", "address", 40}, {"CompiledMethod", "_method", "Method*", 0x60},
        {"nmethod", "_compile_id", "int", 0x68}, {"CompiledMethod", "_deopt_handler_begin", "address", 0x88}, {"CompiledMethod", "_scopes_data_begin", "address", 0x70},
        {"nmethod", "_scopes_pcs_offset", "int", 0x78}, {"nmethod", "_dependencies_offset", "int", 0x7c},
        {"nmethod", "_metadata_offset", "int", 0x80}, {"PcDesc", "_pc_offset", "int", 0},
        {"PcDesc", "_scope_decode_offset", "int", 4}, {"Method", "_constMethod", "ConstMethod*", 8},
        {"ConstMethod", "_constants", "ConstantPool*", 0}, {"ConstMethod", "_constMethod_size", "int", 8},
        {"ConstMethod", "_flags", "u2", 12}, {"ConstMethod", "_code_size", "u2", 14},
        {"ConstMethod", "_name_index", "u2", 16}, {"ConstantPool", "_pool_holder", "InstanceKlass*", 0},
        {"ConstantPool", "_length", "int", 8}, {"ConstantPool", "_source_file_name_index", "u2", 12},
        {"Klass", "_name", "Symbol*", 0}, {"InstanceKlass", "_constants", "ConstantPool*", 8},
        {"Symbol", "_length", "u2", 0}, {"Symbol", "_body[0]", "u1", 6}, {"HeapBlock::Header", "_used", "bool", 8},
        {"ConstantPool", "_cache", "ConstantPoolCache*", 16}, {"ConstantPoolCacheEntry", "_indices", "intx", 0},
        {"PerfMemory", "_prologue", "PerfDataPrologue*", 0x51000, true}, {"PerfDataPrologue", "used", "jint", 8},
        {"PerfDataPrologue", "entry_offset", "jint", 24}, {"PerfDataPrologue", "num_entries", "jint", 28},
        {"PerfDataEntry", "entry_length", "jint", 0}, {"PerfDataEntry", "name_offset", "jint", 4},
        {"PerfDataEntry", "data_offset", "jint", 16}};
    uint64_t at = kTables;
    number("gHotSpotVMStructs", at);
    for (const Entry& each : fields) {
      const uint64_t words[]{text(each.type), text(each.field),          text(each.holds),
                             each.is_static,  each.is_static ? 0 : each.at, each.is_static ? each.at : 0};
      for (const uint64_t word : words) put(at, word), at += 8;
    }
    fill(at, at + 48);
    const std::string entry = "gHotSpotVMStructEntry";
    number(entry + "ArrayStride", 48);
    const char* const columns[]{"TypeName", "FieldName", "TypeString", "IsStatic", "Offset", "Address"};
    for (uint64_t i = 0; i < 6; i++) number(entry + columns[i] + "Offset", 8 * i);
    add_sizes(at + 48);
  }

  void add_sizes(uint64_t at) {
    struct Size {
      const char* type;
      uint64_t bytes;
    };
    number("gHotSpotVMTypes", at);
    for (const auto& [type, bytes] : {Size{"HeapBlock", 16}, Size{"CodeBlob", 0x60}, Size{"nmethod", 0x90},
                                      Size{"PcDesc", 16}, Size{"ConstMethod", kConstBytes}, Size{"ConstantPool", 64},
                                      Size{"PerfDataPrologue", 32},
                                      Size{"ConstantPoolCache", 16}, Size{"ConstantPoolCacheEntry", 32}}) {
      put(at, text(type)), put(at + 8, bytes), at += 16;
    }
    fill(at, at + 16);
    number("gHotSpotVMTypeEntryArrayStride", 16);
    number("gHotSpotVMTypeEntryTypeNameOffset", 0);
    number("gHotSpotVMTypeEntrySizeOffset", 8);
    at += 16;
    number("gHotSpotVMIntConstants", at);
    put(at, text("ConstMethod::_has_linenumber_table")), put(at + 8, 1);
    fill(at + 16, at + 32);
    number("gHotSpotVMIntConstantEntryArrayStride", 16);
    number("gHotSpotVMIntConstantEntryValueOffset", 8);
  }

  void add_blob(uint64_t block, uint64_t end, std::string_view name, uint64_t code, uint64_t frame_words) {
    const uint64_t blob = block + 0x10;
    fill(block, end);
    put(block + 8, 1, 1);
    put(blob + 8, text(name));
    put(blob + 16, end - blob, 4);
    put(blob + 20, frame_words, 4);
    put(blob + 32, code);
    put(blob + 40, code + 0x400);
    for (uint64_t at = block; at < end; at += 64) put(kSegments + (at - kInterpreter) / 64, (at - block) / 64, 1);
  }

  void add_code() {
    put(0x50000, 0x50100);
    put(0x50100, 1), put(0x50108, 0x50200), fill(0x50110, 0x50140);
    put(0x50200, 0x50300);
    fill(0x50300, 0x50350);
    put(0x50300, kInterpreter), put(0x50308, 0x110000), put(0x50320, kSegments), put(0x50340, 6);
    fill(kSegments, kSegments + 0x400, ~uint64_t{0});
    add_blob(kInterpreter, kInterpreter + 0x1000, "Interpreter", kInterpreterCode, 0);
    put_text(kReloads, "\x48\x8b\x65\xf0\x48\xc7\x45\xf0");  // mov -16(%rbp), %rsp; movq $0, -16(%rbp)
    put_text(kReloads + 12, "\x4c\x8b\x6d\xc0");
    add_blob(kCompiled, kCompiled + 0x1000, "nmethod", kCompiledCode, 4);
    put(kNmethod + 0x60, kOuter);
    put(kNmethod + 0x68, 7, 4), put(kNmethod + 0x88, kCompiledCode + kDeoptHandler);
    add_blob(kException, kException + 0x1000, "ExceptionBlob", kExceptionCode, 2);
    put_text(kExceptionCode, "\x52\x48\x83\xec\x08\x90\x48\x83\xc4\x08\x5a\x90");  // push %rdx; sub $8, %rsp; and back
    const uint64_t metadata = 0x600, scopes = 0x640, pcs = 0x680;
    put(kNmethod + 0x70, kNmethod + scopes);
    put(kNmethod + 0x78, pcs, 4), put(kNmethod + 0x7c, pcs + 4 * 16, 4), put(kNmethod + 0x80, metadata, 4);
    put(kNmethod + metadata, kOuter), put(kNmethod + metadata + 8, kInner);
    // Of the caller's scope, the method, the bytecode and one more. At 5, 8 and 12: bytecode 4 of outer,
    // 3 of inner called from there, 9 of outer.
    const uint8_t records[]{0, 0, 0, 0, 0, 0, 1, 5, 5, 2, 4, 0, 0, 1, 10};
    for (size_t i = 0; i < sizeof records; i++) put(kNmethod + scopes + i, records[i], 1);
    const uint64_t places[][2]{{~uint64_t{0}, 0}, {0x40, 8}, {0x80, 12}, {0x7fffffff, 0}};
    for (size_t i = 0; i < 4; i++) {
      put(kNmethod + pcs + 16 * i, places[i][0], 4), put(kNmethod + pcs + 16 * i + 4, places[i][1], 4);
    }
  }

  uint64_t symbol(std::string_view name) {
    const uint64_t at = next_symbol_;
    fill(at, at + 64);
    put(at, name.size(), 2);
    put_text(at + 6, name);
    next_symbol_ += 64;
    return at;
  }

  /// `table` as it is compressed.
  void add_method(uint64_t at, uint16_t name, std::string_view table) {
    fill(at, at + 16);
    const uint64_t constants = at + 0x1000;
    put(at + 8, constants);
    fill(constants, constants + 256);
    put(constants, kHolder);
    put(constants + 8, 12, 4), put(constants + 12, 1, 2), put(constants + 14, 12, 2), put(constants + 16, name, 2);
    put_text(bytecodes(at) + 12, table);
  }

  void add_class() {
    fill(kHolder, kHolder + 64);
    put(kHolder, kClass), put(kHolder + 8, 6, 4), put(kHolder + 12, 3, 2);
    put(kHolder + 64 + 8, symbol("outer")), put(kHolder + 64 + 16, symbol("inner"));
    put(kHolder + 64 + 24, symbol("Main.java"));
    // `inner` by its name with type, that by a reference to the method, that by the cache's entry 0.
    fill(kHolder + 64 + 32, kHolder + 64 + 48);
    put(kHolder + 64 + 32, 2, 4), put(kHolder + 64 + 40, 4 << 16, 4);
    put(kHolder + 16, kCache), fill(kCache, kCache + 16 + 32), put(kCache + 16, 5);
    put(kClass, symbol("shop/Main")), put(kClass + 8, kHolder);
    // Bytecode 0 is of line 10 (20), 4 (3) of one or two more, outer's 9 of two more.
    using namespace std::string_view_literals;
    add_method(kOuter, 1, "\xff\x00\x14\x21\x2a\x00"sv);
    add_method(kInner, 2, "\xff\x00\x28\x1a\x00"sv);
  }

  void add_counters() {
    put(0x51000, 0x52000);
    fill(0x52000, 0x52080);
    put(0x52008, 0x70, 4), put(0x52018, 0x20, 4), put(0x5201c, 2, 4);
    put(0x52020, 0x18, 4), put(0x52024, 0x14, 4);  // another figure, without a name
    put(0x52038, 0x38, 4), put(0x5203c, 0x14, 4), put(0x52048, 0x30, 4);
    put_text(0x5204c, "java.cls.unloadedClasses");
  }

  static constexpr uint64_t kSegments = 0x200000;
  uint64_t next_text_ = 0x20000, next_number_ = 0x40000, next_symbol_ = 0x305000;
};
