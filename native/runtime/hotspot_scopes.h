// Which methods a place in compiled code stands for: the method itself and those that the compiler put into it, from
// the debug information of the code (OpenJDK, share/code/debugInfoRec.cpp, share/code/scopeDesc.cpp). A chain counts only
// if it ends in the very method that the code belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/hotspot_code.h"
#include "runtime/hotspot_layout.h"
#include "runtime/unsigned5.h"

namespace prof {

/// A method of a chain, and where in it.
struct JavaScope {
  uint64_t method = 0;  // its address
  std::optional<uint32_t> bci;
};

class HotSpotScopes {
 public:
  /// Both must outlive this.
  HotSpotScopes(const HotSpotLayout& layout, HeapSource& memory) : layout_(layout), memory_(memory) {}

  /// Innermost first; the last is the method of the blob. Empty when the place is not described: a return address
  /// (`is_exact` false, `pc` behind the call) is in the table or else no part of this code. Of other places the described
  /// one counts that the code comes to next, where it comes to none what the ones before and behind have in common; both
  /// without bytecodes: these are those places', not this one's.
  [[nodiscard]] std::vector<JavaScope> scopes_at(const CodeBlob& blob, uint64_t pc, bool is_exact);
  /// Whether this code can have called Java and go on at a place: calls are described, and deoptimized frames go on at
  /// the handler. Where not, it has taken the place of the code that did.
  [[nodiscard]] bool may_have_called(const CodeBlob& blob, uint64_t pc);

 private:
  struct Range {
    uint64_t from = 0;
    uint64_t to = 0;
  };
  /// A described place: an offset in the code, and where its scopes are.
  struct Described {
    int32_t pc_offset = 0;
    uint32_t scope_offset = 0;
  };
  struct Tables {
    Range pcs, data, metadata;
  };

  [[nodiscard]] std::optional<Tables> tables_of(const CodeBlob& blob);
  [[nodiscard]] std::vector<Described> read_places(const Range& pcs);
  [[nodiscard]] std::vector<JavaScope> scopes_of(const CodeBlob& blob, const Tables& tables, const Described& place);
  [[nodiscard]] std::vector<JavaScope> scopes_between(const CodeBlob& blob, const Tables& tables,
                                                      std::span<const Described> places, int32_t pc_offset);
  [[nodiscard]] std::vector<JavaScope> chain(const CodeBlob& blob, const Tables& tables, uint32_t offset, Unsigned5 form);

  const HotSpotLayout& layout_;
  HeapSource& memory_;
  bool has_older_form_ = false;  // seen for certain
};

}  // namespace prof
