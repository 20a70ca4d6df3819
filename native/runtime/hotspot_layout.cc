#include "runtime/hotspot_layout.h"

#include <initializer_list>

namespace prof {
namespace {

// Objects of HotSpot are smaller than that: what lies farther is no field.
constexpr uint64_t kMostObjectBytes = 1 << 16;

/// Looks names up and keeps the first that is in none of the tables.
class Finder {
 public:
  explicit Finder(const HotSpotStructs& structs) : structs_(structs) {}

  using Names = std::initializer_list<const char*>;

  HotSpotStructs::Field field(Names names) {
    const auto found = optional(names);
    if (!found) miss(*names.begin());
    return found.value_or(HotSpotStructs::Field{});
  }
  std::optional<HotSpotStructs::Field> optional(Names names) const {
    for (const char* const name : names) {
      const auto found = structs_.field(name);
      if (found && (found->is_static || found->at < kMostObjectBytes)) return found;
    }
    return std::nullopt;
  }
  HotSpotLayout::Place place(const char* pointer, const char* distance) {
    if (const auto found = optional_place(pointer, distance)) return *found;
    miss(distance);
    return {};
  }
  std::optional<HotSpotLayout::Place> optional_place(const char* pointer, const char* distance) const {
    if (const auto found = optional({pointer})) return HotSpotLayout::Place{*found, true};
    if (const auto found = optional({distance})) return HotSpotLayout::Place{*found, false};
    return std::nullopt;
  }
  uint64_t size(const char* type) {
    const auto found = structs_.size(type);
    if (found && *found > 0 && *found < kMostObjectBytes) return *found;
    miss(type);
    return 0;
  }
  uint64_t constant(Names names) {
    for (const char* const name : names) {
      if (const auto found = structs_.constant(name)) return static_cast<uint64_t>(*found);
    }
    miss(*names.begin());
    return 0;
  }
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void miss(const char* name) {
    if (missing_.empty()) missing_ = name;
  }

  const HotSpotStructs& structs_;
  std::string missing_;
};

void find_code(Finder& find, HotSpotLayout& layout) {
  layout.heaps = find.field({"CodeCache._heaps"}).at;
  layout.array_length = find.field({"GrowableArrayBase._len", "GenericGrowableArray._len"});
  layout.array_data = find.field({"GrowableArray<int>._data"});
  layout.heap_memory = find.field({"CodeHeap._memory"});
  layout.heap_segments = find.field({"CodeHeap._segmap"});
  layout.heap_segment_shift = find.field({"CodeHeap._log2_segment_size"});
  layout.space_low = find.field({"VirtualSpace._low"});
  layout.space_high = find.field({"VirtualSpace._high"});
  layout.heap_block_bytes = find.size("HeapBlock");
  layout.block_used = find.optional({"HeapBlock::Header._used"});
  layout.blob_name = find.field({"CodeBlob._name"});
  layout.blob_size = find.field({"CodeBlob._size"});
  layout.blob_frame_size = find.field({"CodeBlob._frame_size"});
  layout.blob_frame_complete = find.field({"CodeBlob._frame_complete_offset"});
  layout.code_begin = find.place("CodeBlob._code_begin", "CodeBlob._code_offset");
  layout.code_end = find.place("CodeBlob._code_end", "CodeBlob._data_offset");
  layout.nmethod_method = find.field({"nmethod._method", "CompiledMethod._method"});
  layout.nmethod_compile_id = find.field({"nmethod._compile_id"});
  for (const auto& handler :
       {find.optional_place("CompiledMethod._deopt_handler_begin", "nmethod._deopt_handler_offset"),
        find.optional_place("CompiledMethod._deopt_mh_handler_begin", "nmethod._deopt_mh_handler_offset")}) {
    if (handler) layout.deopt_handlers.push_back(*handler);
  }
  layout.blob_bytes = find.size("CodeBlob");
  layout.nmethod_bytes = find.size("nmethod");
}

void find_methods(Finder& find, HotSpotLayout& layout) {
  layout.method_const = find.field({"Method._constMethod"});
  layout.const_constants = find.field({"ConstMethod._constants"});
  layout.const_size = find.field({"ConstMethod._constMethod_size"});
  layout.const_flags = find.field({"ConstMethod._flags", "ConstMethod._flags._flags"});
  layout.const_code_size = find.field({"ConstMethod._code_size"});
  layout.const_name = find.field({"ConstMethod._name_index"});
  layout.const_bytes = find.size("ConstMethod");
  layout.line_table_flag =
      find.constant({"ConstMethod::_has_linenumber_table", "ConstMethodFlags::_misc_has_linenumber_table"});
  layout.pool_holder = find.field({"ConstantPool._pool_holder"});
  layout.pool_length = find.field({"ConstantPool._length"});
  layout.pool_bytes = find.size("ConstantPool");
  const auto source_file = find.optional({"ConstantPool._source_file_name_index"});
  layout.has_source_file = source_file.has_value();
  layout.pool_source_file = source_file.value_or(HotSpotStructs::Field{});
  layout.klass_name = find.field({"Klass._name"});
  layout.klass_constants = find.field({"InstanceKlass._constants"});
  layout.symbol_length = find.field({"Symbol._length"});
  layout.symbol_body = find.field({"Symbol._body", "Symbol._body[0]"});
}

/// Without these, what was inlined counts for the method that it was inlined into.
std::optional<HotSpotLayout::Scopes> find_scopes(const HotSpotStructs& structs) {
  Finder find(structs);
  HotSpotLayout::Scopes scopes;
  scopes.pc_desc_bytes = find.size("PcDesc");
  scopes.pc_offset = find.field({"PcDesc._pc_offset"});
  scopes.scope_offset = find.field({"PcDesc._scope_decode_offset"});
  scopes.pcs_offset = find.field({"nmethod._scopes_pcs_offset"});
  scopes.immutable_data = find.optional({"nmethod._immutable_data"});
  scopes.metadata_offset = find.optional({"nmethod._metadata_offset"});
  if (scopes.immutable_data) {
    scopes.immutable_bytes = find.field({"nmethod._immutable_data_size"});
    scopes.data = {find.field({"nmethod._scopes_data_offset"}), false};
  } else {
    scopes.pcs_end_offset = find.field({"nmethod._dependencies_offset"});
    scopes.data = find.place("CompiledMethod._scopes_data_begin", "nmethod._scopes_data_offset");
  }
  if (!scopes.metadata_offset) {
    scopes.mutable_data = find.field({"CodeBlob._mutable_data"});
    scopes.mutable_bytes = find.field({"CodeBlob._mutable_data_size"});
    scopes.relocation_bytes = find.field({"CodeBlob._relocation_size"});
  }
  return find.missing().empty() ? std::optional(scopes) : std::nullopt;
}

/// Without these, no call is checked against the bytecode that makes it.
std::optional<HotSpotLayout::Calls> find_calls(const HotSpotStructs& structs) {
  Finder find(structs);
  HotSpotLayout::Calls calls;
  calls.pool_cache = find.field({"ConstantPool._cache"});
  calls.resolved_methods = find.optional({"ConstantPoolCache._resolved_method_entries"});
  if (calls.resolved_methods) {
    calls.array_data = find.field({"Array<ResolvedMethodEntry>._data[0]", "Array<ResolvedMethodEntry>._data"});
    calls.entry_index = find.field({"ResolvedMethodEntry._cpool_index"});
    calls.entry_bytes = find.size("ResolvedMethodEntry");
  } else {
    calls.cache_bytes = find.size("ConstantPoolCache");
    calls.entry_index = find.field({"ConstantPoolCacheEntry._indices"});
    calls.entry_bytes = find.size("ConstantPoolCacheEntry");
  }
  return find.missing().empty() ? std::optional(calls) : std::nullopt;
}

/// Without these, code that took the place of other code may be taken for it.
std::optional<HotSpotLayout::Counters> find_counters(const HotSpotStructs& structs) {
  Finder find(structs);
  HotSpotLayout::Counters counters;
  counters.prologue = find.field({"PerfMemory._prologue"}).at;
  counters.prologue_bytes = find.size("PerfDataPrologue");
  counters.used = find.field({"PerfDataPrologue.used"});
  counters.first_entry = find.field({"PerfDataPrologue.entry_offset"});
  counters.entries = find.field({"PerfDataPrologue.num_entries"});
  counters.entry_bytes = find.field({"PerfDataEntry.entry_length"});
  counters.entry_name = find.field({"PerfDataEntry.name_offset"});
  counters.entry_data = find.field({"PerfDataEntry.data_offset"});
  return find.missing().empty() ? std::optional(counters) : std::nullopt;
}

}  // namespace

std::variant<HotSpotLayout, std::string> make_hotspot_layout(const HotSpotStructs& structs) {
  Finder find(structs);
  HotSpotLayout layout;
  find_code(find, layout);
  find_methods(find, layout);
  if (!find.missing().empty()) return find.missing();
  layout.scopes = find_scopes(structs);
  layout.calls = find_calls(structs);
  layout.counters = find_counters(structs);
  return layout;
}

}  // namespace prof
