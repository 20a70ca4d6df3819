// Where things lie in this HotSpot, by its own tables (hotspot_structs.h). A field that moved from one type to another
// between versions is looked for under each name; there is no table of versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/hotspot_structs.h"

namespace prof {

struct HotSpotLayout {
  using Field = HotSpotStructs::Field;

  /// An address that an object holds, or that lies so far from the object's start.
  struct Place {
    Field field;
    bool is_pointer = false;
  };

  uint64_t heaps = 0;  // address of the pointer to the list of code heaps
  Field array_length, array_data;
  Field heap_memory, heap_segments, heap_segment_shift, space_low, space_high;
  uint64_t heap_block_bytes = 0;
  std::optional<Field> block_used;  // else whatever is there counts

  Field blob_name, blob_size, blob_frame_size, blob_frame_complete;
  Place code_begin, code_end;
  Field nmethod_method, nmethod_compile_id;
  std::vector<Place> deopt_handlers;  // of the nmethod: where its frames return to once it is not valid any more
  uint64_t blob_bytes = 0, nmethod_bytes = 0;

  /// Debug information of compiled code: a descriptor per call, scopes of what was inlined, methods.
  struct Scopes {
    uint64_t pc_desc_bytes = 0;
    Field pc_offset, scope_offset;
    Field pcs_offset;
    std::optional<Field> pcs_end_offset;   // else they end where the scopes begin
    std::optional<Field> immutable_data;   // offsets are from there, else from the nmethod
    Field immutable_bytes;
    Place data;                            // from the same start
    std::optional<Field> metadata_offset;  // from the nmethod, else after the relocations in the mutable data
    Field mutable_data, mutable_bytes, relocation_bytes;
  };
  std::optional<Scopes> scopes;

  /// Figures for monitoring tools, each with its name.
  struct Counters {
    uint64_t prologue = 0;  // address of the pointer to them
    uint64_t prologue_bytes = 0;
    Field used, first_entry, entries;
    Field entry_bytes, entry_name, entry_data;
  };
  std::optional<Counters> counters;

  /// From bytecodes to the constants that name what they call.
  struct Calls {
    Field pool_cache;
    uint64_t cache_bytes = 0;                // then come its entries,
    std::optional<Field> resolved_methods;   // or in an array that the cache points to
    Field array_data;
    Field entry_index;  // among the constants
    uint64_t entry_bytes = 0;
  };
  std::optional<Calls> calls;

  Field method_const, const_constants, const_size, const_flags, const_code_size, const_name;
  Field pool_holder, pool_length, pool_source_file;
  Field klass_name, klass_constants, symbol_length, symbol_body;
  bool has_source_file = false;
  uint64_t const_bytes = 0, pool_bytes = 0, line_table_flag = 0;
};

/// The layout, or the name of what the tables lack.
[[nodiscard]] std::variant<HotSpotLayout, std::string> make_hotspot_layout(const HotSpotStructs& structs);

}  // namespace prof
