// What HotSpot says of itself for debuggers: fields, sizes and constants of its C++ types, in the tables that libjvm
// exports as gHotSpotVM* (OpenJDK, share/runtime/vmStructs.cpp). Read from the process, since the loader fills them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/heap_source.h"

namespace prof {

class HotSpotStructs {
 public:
  struct Field {
    uint64_t at = 0;  // offset in its object, or its address when it is static
    bool is_static = false;
    uint8_t bytes = 8;  // 8 also where its type tells no size
  };
  /// Exported symbols by name, as addresses of the process.
  using Exports = std::unordered_map<std::string, uint64_t>;

  /// Nothing when a table cannot be read or makes no sense, e.g. while the library is still being loaded.
  [[nodiscard]] static std::optional<HotSpotStructs> read(const Exports& exports, HeapSource& memory);

  /// By `Type._field`.
  [[nodiscard]] std::optional<Field> field(std::string_view name) const;
  /// sizeof a type.
  [[nodiscard]] std::optional<uint64_t> size(std::string_view type) const;
  [[nodiscard]] std::optional<int64_t> constant(std::string_view name) const;

 private:
  class Reader;

  std::unordered_map<std::string, Field> fields_;
  std::unordered_map<std::string, uint64_t> sizes_;
  std::unordered_map<std::string, int64_t> constants_;
};

}  // namespace prof
