#include "runtime/hotspot_frames.h"

#include "base/mix_bits.h"
#include "runtime/hotspot_unwinder.h"

namespace prof {
namespace {

constexpr size_t kMostKnown = 32768;
constexpr size_t kMostNamedCode = 1024;

}  // namespace

size_t HotSpotFrames::PlaceHash::operator()(const Place& place) const {
  return mix_bits(place.address ^ mix_bits(place.compile_id * 4 + place.is_leaf * 2 + place.called_java));
}

FrameSlots HotSpotFrames::slots() const { return {kInterpreterSender, kInterpreterMethod, kInterpreterBytecode}; }

void HotSpotFrames::name(std::span<const RuntimeFrame> frames, std::vector<RuntimeNaming>& namings) {
  namings.assign(frames.size(), {});
  if (known_.size() + frames.size() > kMostKnown) known_.clear();
  if (named_code_.size() + frames.size() > kMostNamedCode) named_code_.clear();
  interpreted_.clear();
  interpreted_.reserve(frames.size());
  methods_of_stack_.clear();
  for (const RuntimeFrame& frame : frames) {
    if (frame.is_generated && frame.has_slots) methods_of_stack_.push_back(frame.function);
  }
  methods_.prove_all(methods_of_stack_);
  for (size_t i = 0; i < frames.size(); i++) {
    const Chain* const chain = chain_of(frames[i]);
    if (chain == nullptr || chain->functions.empty()) continue;
    namings[i] = {RuntimeNaming::As::function, chain->functions, chain->lines};
  }
}

const HotSpotFrames::Chain* HotSpotFrames::chain_of(const RuntimeFrame& frame) {
  if (!frame.is_generated) return nullptr;
  const bool called_java = has_called_java(frame);
  const CodeBlob* const blob = code_.find(frame.address);
  if (blob == nullptr) return nullptr;
  if (blob->kind == CodeBlob::Kind::compiled) {
    return compiled(*blob, {frame.address, blob->compile_id, frame.is_leaf, called_java});
  }
  if (blob->kind == CodeBlob::Kind::interpreter && frame.has_slots) return interpreted(frame);
  Chain& named = named_code_[blob->name];
  if (named.functions.empty()) named.functions.push_back({blob->name, "", 0, Runtime::java});
  return &named;
}

const HotSpotFrames::Chain* HotSpotFrames::interpreted(const RuntimeFrame& frame) {
  looked_++;
  const JavaMethod* const method = methods_.find_at_sample(frame.function);
  if (method == nullptr) return nullptr;
  named_++;
  Chain& chain = interpreted_.emplace_back();
  chain.add(*method, bytecodes_.index(frame, *method));
  return &chain;
}

const HotSpotFrames::Chain* HotSpotFrames::compiled(const CodeBlob& blob, const Place& place) {
  const auto [known, is_new] = known_.try_emplace(place);
  if (is_new) {
    looked_++;
    known->second = look_into(blob, place);
    if (!known->second.functions.empty()) named_++;
  }
  return &known->second;
}

/// Or the stub for safepoints, which a thread enters at places that are described too. What was freed was a method.
bool HotSpotFrames::has_called_java(const RuntimeFrame& frame) {
  if (frame.is_leaf || !code_.is_generated(frame.callee)) return false;
  const CodeBlob* const callee = code_.find(frame.callee);
  return callee == nullptr || callee->kind != CodeBlob::Kind::other || callee->name == "SafepointBlob";
}

HotSpotFrames::Chain HotSpotFrames::look_into(const CodeBlob& blob, const Place& place) {
  Chain chain;
  // Return addresses are looked up one byte back.
  const uint64_t pc = place.is_leaf ? place.address : place.address + 1;
  if (place.called_java && !scopes_.may_have_called(blob, pc)) return chain;
  for (const JavaScope& scope : scopes_.scopes_at(blob, pc, place.is_leaf)) {
    const JavaMethod* const method = methods_.find(scope.method);
    if (method == nullptr) {
      chain = {};
      break;
    }
    chain.add(*method, scope.bci);
  }
  if (!chain.functions.empty()) return chain;
  if (const JavaMethod* const method = methods_.find(blob.method)) chain.add(*method, std::nullopt);
  return chain;
}

}  // namespace prof
