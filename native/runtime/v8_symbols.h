// What V8 says of itself in the binary at hand: the `v8dbg_*` integers that it exports for debuggers, and its version.
// Never a table of versions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "unwind/byte_source.h"

namespace prof {

class V8Symbols {
 public:
  /// By the name between `v8dbg_` and the last `__`: what follows that is a C++ type, which changes from version to
  /// version. Nothing when it is not exported.
  [[nodiscard]] std::optional<int32_t> find(std::string_view name) const;
  /// `11.3.244`, or empty when it is not exported.
  [[nodiscard]] std::string version() const;
  [[nodiscard]] bool empty() const { return values_.empty(); }

  /// Address of `node::per_process::metadata` in the file; 0 when it is not Node.js.
  [[nodiscard]] uint64_t node_metadata() const { return node_metadata_; }

  void add(std::string_view symbol, int32_t value);
  void set_node_metadata(uint64_t address) { node_metadata_ = address; }

 private:
  std::unordered_map<std::string, int32_t> values_;
  std::unordered_map<std::string, int32_t> version_;
  uint64_t node_metadata_ = 0;
};

/// The constants of an ELF file's dynamic symbols. Nothing when the file exports nothing of V8 at all; no values when
/// it has V8 without its constants. Bounded, whatever the file says.
[[nodiscard]] std::optional<V8Symbols> read_v8_symbols(const ByteSource& file);

}  // namespace prof
