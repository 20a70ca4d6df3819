#include "runtime/hotspot_frames.h"

#include "base/mix_bits.h"
#include "runtime/hotspot_unwinder.h"

namespace prof {
namespace {

constexpr size_t kMostKnown = 32768;
constexpr size_t kMostNamedCode = 1024;
constexpr std::string_view kContinuationStubs = "StubRoutines (continuation";  // then ` stubs)`, or without a space

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
  chains_.clear();
  for (const RuntimeFrame& frame : frames) chains_.push_back(chain_of(frame));
  refuse_impossible_calls(frames);
  for (size_t i = 0; i < frames.size(); i++) {
    const Chain* const chain = chains_[i];
    if (chain == nullptr) continue;
    const auto as = chain->is_gap ? RuntimeNaming::As::gap : RuntimeNaming::As::function;
    namings[i] = {as, chain->functions, chain->lines};
  }
}

/// Whose the wrong name is, is not known: it may be either's, or frames between them are missing.
void HotSpotFrames::refuse_impossible_calls(std::span<const RuntimeFrame> frames) {
  bool is_refused = false;
  for (size_t i = 0; i < frames.size(); i++) {
    const bool is_next = i + 1 < frames.size() && frames[i + 1].callee == frames[i].address;
    const Chain* const caller = is_next ? chains_[i + 1] : nullptr;
    const bool is_impossible = caller != nullptr && chains_[i] != nullptr && !caller->may_have_called(*chains_[i]);
    if (is_refused || is_impossible) chains_[i] = nullptr;
    is_refused = is_impossible;
  }
}

bool HotSpotFrames::Chain::may_have_called(const Chain& callee) const {
  if (!called_name || !is_java || !callee.is_java) return true;
  // A method's name has no dots.
  const std::string_view name = callee.functions.back().name;
  return name.substr(name.rfind('.') + 1) == *called_name;
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
  // Of a virtual thread only the innermost frames are on the stack; they return to a stub that fetches the next ones from
  // the heap (share/runtime/continuationFreezeThaw.cpp).
  static const Chain gap{.is_gap = true};
  if (called_java && blob->name.starts_with(kContinuationStubs)) return &gap;
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
  const auto bci = bytecodes_.index(frame, *method);
  chain.add(*method, bci);
  if (bci && !frame.is_leaf) chain.called_name = methods_.called_name(frame.function, *bci);
  return &chain;
}

const HotSpotFrames::Chain* HotSpotFrames::compiled(const CodeBlob& blob, const Place& place) {
  const auto known = known_.find(place);
  if (known != known_.end()) return &known->second;
  looked_++;
  Chain found = look_into(blob, place);
  if (found.functions.empty()) return nullptr;
  named_++;
  return &known_.emplace(place, std::move(found)).first->second;
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
    const JavaMethod* const method = methods_.find_at_sample(scope.method);
    if (method == nullptr) {
      chain = {};
      break;
    }
    if (place.called_java && chain.functions.empty() && scope.bci) {
      chain.called_name = methods_.called_name(scope.method, *scope.bci);
    }
    chain.add(*method, scope.bci);
  }
  if (!chain.functions.empty()) return chain;
  if (const JavaMethod* const method = methods_.find_at_sample(blob.method)) chain.add(*method, std::nullopt);
  return chain;
}

}  // namespace prof
