// Where things lie in this V8: offsets, instance types and tags, all from its own constants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

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
  std::optional<int32_t> frame_regexp, frame_wasm;  // what a frame of another kind has in place of its context
  /// How optimized code names its function, where Code objects say so themselves.
  struct OptimizedCode {
    int32_t deoptimization;  // of a Code: a FixedArray
    int32_t array_length, array_first;
    int32_t shared_index;
    // Of what was inlined: where, and the array that holds the functions.
    int32_t positions, calls_index, literals_index;
  };
  std::optional<OptimizedCode> optimized;
};

/// Why a V8 cannot be read.
struct V8Unreadable {
  enum class Reason : uint8_t { no_constants, constant_missing, constant_unusable, compressed_pointers };
  Reason reason;
  std::string constant;
};

[[nodiscard]] std::variant<V8Layout, V8Unreadable> make_v8_layout(const V8Symbols& symbols);

}  // namespace prof
