// From frames of HotSpot's code to functions and the lines they stand at: of the interpreter by the method in its frame,
// of compiled code by what the code belongs to and what was inlined there, of other code by its own name.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/frame_namer.h"
#include "runtime/hotspot_bytecodes.h"
#include "runtime/hotspot_code.h"
#include "runtime/hotspot_methods.h"
#include "runtime/hotspot_scopes.h"

namespace prof {

class HotSpotFrames : public FrameNamer {
 public:
  /// All must outlive this.
  HotSpotFrames(HotSpotCode& code, HotSpotMethods& methods, HotSpotScopes& scopes, HeapSource& memory)
      : code_(code), methods_(methods), scopes_(scopes), bytecodes_(memory) {}

  [[nodiscard]] FrameSlots slots() const override;
  void name(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) override;
  [[nodiscard]] uint64_t looked() const override { return looked_; }
  [[nodiscard]] uint64_t named() const override { return named_; }

 private:
  struct Place {
    uint64_t address;
    uint64_t compile_id;
    bool is_leaf;
    bool called_java;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const;
  };
  /// Innermost first, with a line each, 0 when it is not known.
  struct Chain {
    std::vector<RuntimeFunction> functions{};
    std::vector<uint32_t> lines{};
    bool is_java = false;  // else code of the VM
    bool is_gap = false;   // frames are missing here
    std::optional<std::string> called_name{};  // of the method that the innermost one has called; nothing: any

    void add(const JavaMethod& method, std::optional<uint32_t> bci) {
      is_java = true;
      functions.push_back(method.function);
      lines.push_back(bci ? method.line_at(*bci) : 0);
    }
    [[nodiscard]] bool may_have_called(const Chain& callee) const;
  };

  [[nodiscard]] const Chain* chain_of(const RuntimeFrame& frame);
  [[nodiscard]] const Chain* interpreted(const RuntimeFrame& frame);
  [[nodiscard]] const Chain* compiled(const CodeBlob& blob, const Place& place);
  [[nodiscard]] Chain look_into(const CodeBlob& blob, const Place& place);
  [[nodiscard]] bool is_return_barrier(const RuntimeFrame& frame);
  [[nodiscard]] bool has_called_java(const RuntimeFrame& frame);
  void refuse_impossible_calls(std::span<const RuntimeFrame> frames);

  HotSpotCode& code_;
  HotSpotMethods& methods_;
  HotSpotScopes& scopes_;
  HotSpotBytecodes bytecodes_;
  // Of compiled code, for as long as it is the same code.
  std::unordered_map<Place, Chain, PlaceHash> known_;
  std::unordered_map<std::string, Chain> named_code_;
  std::vector<uint64_t> methods_of_stack_;
  // Of the stack in hand.
  std::vector<Chain> interpreted_;
  std::vector<const Chain*> chains_;
  uint64_t looked_ = 0;
  uint64_t named_ = 0;
};

}  // namespace prof
