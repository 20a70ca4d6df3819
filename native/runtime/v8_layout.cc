#include "runtime/v8_layout.h"

#include <initializer_list>
#include <utility>

namespace prof {
namespace {

constexpr int32_t kMostOffset = 512;
constexpr int32_t kMostType = 1 << 15;

/// Looks constants up and remembers the first that is missing or cannot be true.
class Finder {
 public:
  explicit Finder(const V8Symbols& symbols) : symbols_(symbols) {}

  /// The first of several names of one thing, between bounds.
  int32_t one_of(std::initializer_list<std::string_view> names, int32_t least, int32_t most) {
    for (const std::string_view name : names) {
      const auto value = symbols_.find(name);
      if (!value) continue;
      if (*value < least || *value > most) fail(V8Unreadable::Reason::constant_unusable, name);
      return *value;
    }
    fail(V8Unreadable::Reason::constant_missing, *names.begin());
    return 0;
  }
  int32_t field(std::string_view name) { return field({name}); }
  int32_t field(std::initializer_list<std::string_view> names) {
    const int32_t offset = one_of(names, 0, kMostOffset);
    if (offset % 4 != 0) fail(V8Unreadable::Reason::constant_unusable, *names.begin());
    return offset;
  }
  int32_t slot(std::initializer_list<std::string_view> names) { return one_of(names, -kMostOffset, -8); }
  int32_t type(std::string_view name) { return one_of({name}, 1, kMostType); }
  int32_t tag(std::string_view name) { return one_of({name}, 0, kMostType); }

  [[nodiscard]] const std::optional<V8Unreadable>& failure() const { return failure_; }

 private:
  void fail(V8Unreadable::Reason reason, std::string_view name) {
    if (!failure_) failure_ = V8Unreadable{reason, "v8dbg_" + std::string(name)};
  }

  const V8Symbols& symbols_;
  std::optional<V8Unreadable> failure_;
};

void find_objects(Finder& find, V8Layout& layout) {
  layout.fp_context = find.slot({"off_fp_context_or_frame_type", "off_fp_context"});
  layout.fp_function = find.slot({"off_fp_function"});
  layout.fp_bytecode = find.slot({"off_fp_bytecode_array"});
  // A u16 that need not be aligned to words.
  layout.map_type = find.one_of({"class_Map__instance_type"}, 8, kMostOffset);
  layout.function_shared = find.field("class_JSFunction__shared");
  layout.function_context = find.field("class_JSFunction__context");
  layout.shared_name = find.field("class_SharedFunctionInfo__name_or_scope_info");
  layout.shared_script =
      find.field({"class_SharedFunctionInfo__script_or_debug_info", "class_SharedFunctionInfo__script"});
  layout.script_source = find.field("class_Script__source");
  layout.script_name = find.field("class_Script__name");
  layout.scope_local_count = find.one_of({"scopeinfo_idx_ncontextlocals"}, 0, 16);
  layout.scope_first_local = find.one_of({"scopeinfo_idx_first_vars"}, 1, 16);
  layout.type_function = find.type("type_JSFunction");
  layout.type_shared = find.type("type_SharedFunctionInfo");
  layout.type_scope = find.type("type_ScopeInfo");
  layout.type_script = find.type("type_Script");
  layout.type_code = find.type("type_Code");
  layout.type_bytecode = find.type("type_BytecodeArray");
}

void find_strings(Finder& find, V8Layout& layout) {
  layout.string_length = find.field("class_String__length");
  layout.string_chars = find.field("class_SeqOneByteString__chars");
  layout.cons_first = find.field("class_ConsString__first");
  layout.cons_second = find.field("class_ConsString__second");
  layout.sliced_parent = find.field("class_SlicedString__parent");
  layout.sliced_offset = find.field("class_SlicedString__offset");
  layout.thin_actual = find.field("class_ThinString__actual");
  // The address of the characters follows the C++ object that holds them.
  layout.external_data = find.field("class_ExternalString__resource") + 8;
  layout.first_nonstring = find.type("FirstNonstringType");
  layout.representation_mask = find.tag("StringRepresentationMask");
  layout.encoding_mask = find.tag("StringEncodingMask");
  layout.one_byte = find.tag("OneByteStringTag");
  layout.sequential = find.tag("SeqStringTag");
  layout.cons = find.tag("ConsStringTag");
  layout.external = find.tag("ExternalStringTag");
  layout.sliced = find.tag("SlicedStringTag");
  layout.thin = find.tag("ThinStringTag");
}

/// Types by name, 0 for those that a version does not have.
V8Layout::Types types_of(const V8Symbols& symbols, std::initializer_list<std::string_view> names) {
  V8Layout::Types types{};
  size_t at = 0;
  for (const std::string_view name : names) types[at++] = symbols.find(name).value_or(0);
  return types;
}

/// Nothing when one of its constants is missing: optimized code has no names then.
std::optional<V8Layout::OptimizedCode> find_optimized(const V8Symbols& symbols) {
  using Code = V8Layout::OptimizedCode;
  Code layout{};
  layout.array_types = types_of(symbols, {"type_FixedArray", "type_TrustedFixedArray", "type_ProtectedFixedArray"});
  const auto wrapper = symbols.find("type_SharedFunctionInfoWrapper");
  const auto wrapped = symbols.find("class_SharedFunctionInfoWrapper__shared_info");
  if (wrapper && wrapped) layout.wrapper = Code::Wrapper{*wrapper, *wrapped};
  auto shared = symbols.find("DeoptimizationDataSharedFunctionInfoIndex");
  if (!shared) shared = symbols.find("DeoptimizationDataWrappedSharedFunctionInfoIndex");
  for (const auto& [value, place] :
       {std::pair(symbols.find("class_FixedArrayBase__length"), &Code::array_length),
        std::pair(symbols.find("class_FixedArray__data"), &Code::array_first), std::pair(shared, &Code::shared_index),
        std::pair(symbols.find("DeoptimizationDataInliningPositionsIndex"), &Code::calls_index),
        std::pair(symbols.find("DeoptimizationDataLiteralArrayIndex"), &Code::literals_index)}) {
    if (!value || *value < 0 || *value > kMostOffset) return std::nullopt;
    layout.*place = *value;
  }
  return layout;
}

/// Nothing when one of its constants is missing: lines of interpreted code are not known then.
std::optional<V8Layout::Interpreter> find_interpreter(const V8Symbols& symbols) {
  const auto data = symbols.find("class_BytecodeArray__data");
  auto length = symbols.find("class_BytecodeArray__length");
  if (!length) length = symbols.find("class_FixedArrayBase__length");
  const auto fp_offset = symbols.find("off_fp_bytecode_offset");
  const auto in_register = symbols.find("InterpreterBytecodeOffsetRegister");
  if (!data || !length || !fp_offset || !in_register) return std::nullopt;
  const bool are_true = *length >= 8 && *length < *data && *data <= kMostOffset && *fp_offset < 0 &&
                        *fp_offset >= -kMostOffset && *in_register >= 8 && *in_register < 16;
  if (!are_true) return std::nullopt;
  return V8Layout::Interpreter{*data, *length, *fp_offset, *in_register};
}

/// Without one of these WebAssembly has no names.
void find_wasm(const V8Symbols& symbols, V8Layout& layout) {
  V8Layout::Wasm wasm{};
  for (const auto& [name, place] : {std::pair("type_WasmModuleObject", &V8Layout::Wasm::type_module),
                                    std::pair("type_Foreign", &V8Layout::Wasm::type_foreign),
                                    std::pair("type_WasmExportedFunctionData", &V8Layout::Wasm::type_exported),
                                    std::pair("class_Script__wasm_managed_native_module",
                                              &V8Layout::Wasm::script_module)}) {
    const auto value = symbols.find(name);
    if (!value || *value < 8 || *value > kMostType) {
      layout.wasm_missing = std::string("v8dbg_") + name;
      return;
    }
    wasm.*place = *value;
  }
  wasm.type_instance = symbols.find("type_WasmInstanceObject").value_or(0);
  layout.wasm = wasm;
}

void find_optional(const V8Symbols& symbols, V8Layout& layout) {
  layout.byte_types = types_of(symbols, {"type_ByteArray", "type_TrustedByteArray"});
  layout.array_length = symbols.find("class_FixedArrayBase__length");
  layout.code_positions = symbols.find("class_Code__source_position_table");
  layout.interpreter = find_interpreter(symbols);
  layout.type_last_function = symbols.find("LastJSFunctionType");
  layout.frame_regexp = symbols.find("frametype_IrregexpFrame");
  layout.frame_wasm = symbols.find("frametype_WasmFrame");
  layout.frame_wasm_to_js = symbols.find("frametype_WasmToJsFrame");
  layout.optimized = find_optimized(symbols);
  find_wasm(symbols, layout);
}

}  // namespace

std::variant<V8Layout, V8Unreadable> make_v8_layout(const V8Symbols& symbols) {
  if (symbols.empty()) return V8Unreadable{V8Unreadable::Reason::no_constants, ""};
  V8Layout layout{};
  Finder find(symbols);
  find_objects(find, layout);
  find_strings(find, layout);
  if (find.failure()) return *find.failure();
  if (layout.cons_second - layout.cons_first != 8) {
    return V8Unreadable{V8Unreadable::Reason::compressed_pointers, ""};
  }
  find_optional(symbols, layout);
  return layout;
}

}  // namespace prof
