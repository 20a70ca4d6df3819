#include "runtime/hotspot_frames.h"

#include "base/mix_bits.h"
#include "runtime/hotspot_unwinder.h"

namespace prof {
namespace {

constexpr size_t kMostKnown = 32768;
constexpr size_t kMostNamedCode = 1024;

}  // namespace

size_t HotSpotFrames::PlaceHash::operator()(const Place& place) const {
  return mix_bits(place.address ^ mix_bits(place.compile_id * 2 + place.is_leaf));
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
  const CodeBlob* const blob = code_.find(frame.address);
  if (blob == nullptr) return nullptr;
  if (blob->kind == CodeBlob::Kind::compiled) return compiled(*blob, frame);
  if (blob->kind == CodeBlob::Kind::interpreter && frame.has_slots) return interpreted(frame);
  Chain& named = named_code_[blob->name];
  if (named.functions.empty()) named.functions.push_back({blob->name, "", 0, Runtime::java});
  return &named;
}

const HotSpotFrames::Chain* HotSpotFrames::interpreted(const RuntimeFrame& frame) {
  looked_++;
  const JavaMethod* const method = methods_.find(frame.function);
  if (method == nullptr) return nullptr;
  named_++;
  Chain& chain = interpreted_.emplace_back();
  chain.add(*method, bytecodes_.index(frame, *method));
  return &chain;
}

const HotSpotFrames::Chain* HotSpotFrames::compiled(const CodeBlob& blob, const RuntimeFrame& frame) {
  const auto [known, is_new] = known_.try_emplace({frame.address, blob.compile_id, frame.is_leaf});
  if (is_new) {
    looked_++;
    known->second = look_into(blob, frame);
    if (!known->second.functions.empty()) named_++;
  }
  return &known->second;
}

HotSpotFrames::Chain HotSpotFrames::look_into(const CodeBlob& blob, const RuntimeFrame& frame) {
  Chain chain;
  // Return addresses are looked up one byte back.
  const uint64_t pc = frame.is_leaf ? frame.address : frame.address + 1;
  for (const JavaScope& scope : scopes_.scopes_at(blob, pc, frame.is_leaf)) {
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
