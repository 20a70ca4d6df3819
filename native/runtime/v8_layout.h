// Where things lie in this V8: offsets, instance types and tags, all from its own constants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/v8_symbols.h"

namespace prof {

/// Offsets are from the start of an object (its tagged pointer − 1), or from a frame pointer.
struct V8Layout {
  int32_t fp_context, fp_function, fp_bytecode;
  int32_t map_type;
  int32_t function_shared, function_context;
  int32_t shared_name, shared_script;
  int32_t script_source, script_name;
  int32_t scope_local_count, scope_first_local;  // words after the map
  int32_t string_length, string_chars;
  int32_t cons_first, cons_second, sliced_parent, sliced_offset, thin_actual, external_data;
  int32_t first_nonstring, representation_mask, encoding_mask, one_byte, sequential, cons, external, sliced, thin;
  int32_t type_function, type_shared, type_scope, type_script, type_bytecode, type_code;
  std::optional<int32_t> type_last_function;
  // What a frame of another kind has in place of its context.
  std::optional<int32_t> frame_regexp, frame_wasm, frame_wasm_to_js;
  /// 0 where a version has no such type.
  using Types = std::array<int32_t, 3>;
  Types byte_types;
  std::optional<int32_t> array_length;
  std::optional<int32_t> code_positions;  // the word of a Code object; few versions export it
  /// Bytecode, and where a frame of the interpreter keeps its place in it.
  struct Interpreter {
    int32_t data, length;
    int32_t fp_offset;
    int32_t offset_register;  // by the CPU's numbers
  };
  std::optional<Interpreter> interpreter;
  std::vector<uint8_t> bytecode_sizes;  // as read_bytecode_sizes gives them
  /// How optimized code names its function: by the array of what deoptimization needs.
  struct OptimizedCode {
    Types array_types;
    int32_t array_length, array_first;
    int32_t shared_index;
    // Of what was inlined: where, and the array that holds the functions.
    int32_t calls_index, literals_index;
    struct Wrapper {
      int32_t type, shared;
    };
    std::optional<Wrapper> wrapper;  // around the function, where there is one
  };
  std::optional<OptimizedCode> optimized;
  /// What leads from an instance of a WebAssembly module to its code.
  struct Wasm {
    int32_t type_module, type_foreign;
    int32_t type_instance;  // 0 where it is exported under no name: the frame holds the instance itself there
    int32_t script_module;
    int32_t type_exported;  // what JavaScript calls a function of it by
  };
  std::optional<Wasm> wasm;
  std::string wasm_missing;  // the constant for want of which there is none
};

/// Why a V8 cannot be read.
struct V8Unreadable {
  enum class Reason : uint8_t { no_constants, constant_missing, constant_unusable, compressed_pointers };
  Reason reason;
  std::string constant;
};

[[nodiscard]] std::variant<V8Layout, V8Unreadable> make_v8_layout(const V8Symbols& symbols);

}  // namespace prof
