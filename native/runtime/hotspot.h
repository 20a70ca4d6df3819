// All readers of one HotSpot, on the layout that it told of itself.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "runtime/elf_exports.h"
#include "runtime/hotspot_code.h"
#include "runtime/hotspot_frames.h"
#include "runtime/hotspot_layout.h"
#include "runtime/hotspot_methods.h"
#include "runtime/hotspot_scopes.h"
#include "runtime/hotspot_structs.h"
#include "runtime/hotspot_unloading.h"
#include "runtime/hotspot_unwinder.h"

namespace prof {

class HotSpot {
 public:
  /// What its tables lack; empty: they cannot be read, or not yet.
  struct Unreadable {
    std::string missing;
  };
  /// `memory` must outlive the result.
  [[nodiscard]] static std::variant<std::unique_ptr<HotSpot>, Unreadable> make(const HotSpotStructs::Exports& exports,
                                                                               HeapSource& memory);

  /// `17.0.15`; empty when it is not known.
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] HotSpotUnloading& unloading() { return unloading_; }
  [[nodiscard]] HotSpotUnwinder& unwinder() { return unwinder_; }
  [[nodiscard]] HotSpotFrames& frames() { return frames_; }

 private:
  HotSpot(const HotSpotLayout& layout, HeapSource& memory);

  HotSpotLayout layout_;
  HotSpotUnloading unloading_;
  HotSpotCode code_;
  HotSpotMethods methods_;
  HotSpotScopes scopes_;
  HotSpotUnwinder unwinder_;
  HotSpotFrames frames_;
  std::string version_;
};

/// Prefix of the symbols that a libjvm exports for debuggers.
inline constexpr std::string_view kHotSpotExports = "gHotSpotVM";

}  // namespace prof
