#include "runtime/runtime_names.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/mix_bits.h"
#include "runtime/go_version.h"
#include "runtime/v8_bytecodes.h"

namespace prof {
namespace {

// Generated code by the thousand (eval, templates) may make new functions for hours.
constexpr size_t kMostFunctions = 1 << 17;
// So many frames that all failed: the constants do not tell the truth about this binary.
constexpr uint64_t kLooksToJudge = 200;
// Of WebAssembly: few addresses make up a program's stacks.
constexpr uint64_t kWasmLooksToJudge = 8;
// A library that is being loaded cannot be read yet.
constexpr uint64_t kShortestRetryNs = 2'000'000;
constexpr uint64_t kLongestRetryNs = 100'000'000;
constexpr uint64_t kTriesOfAge = 4;
constexpr uint64_t kJudgeAfterNs = 300'000'000;

RuntimeProblem problem_of(V8Unreadable::Reason reason) {
  switch (reason) {
    case V8Unreadable::Reason::no_constants:
      return RuntimeProblem::no_constants;
    case V8Unreadable::Reason::constant_missing:
      return RuntimeProblem::constant_missing;
    case V8Unreadable::Reason::constant_unusable:
      return RuntimeProblem::constant_unusable;
    case V8Unreadable::Reason::compressed_pointers:
      break;
  }
  return RuntimeProblem::compressed_pointers;
}

}  // namespace

size_t RuntimeNames::FunctionHash::operator()(const RuntimeFunction& function) const {
  const std::hash<std::string> hash;
  const uint64_t place = mix_bits(hash(function.script) + function.line);
  return mix_bits(hash(function.name) ^ place ^ static_cast<uint64_t>(function.runtime));
}

bool RuntimeNames::look_at(const ByteSource& file, uint64_t bias) {
  if (v8_ || !hotspot_exports_.empty()) return false;
  if (look_for_v8(file, bias) || look_for_hotspot(file, bias)) return true;
  // Its functions are named by the file's own tables.
  if (state_.runtime.empty()) state_.runtime = read_go_version(file);
  return false;
}

bool RuntimeNames::look_for_hotspot(const ByteSource& file, uint64_t bias) {
  auto exports = read_exports(file, kHotSpotExports);
  if (exports.empty()) return false;
  for (auto& [name, address] : exports) address += bias;
  hotspot_exports_ = std::move(exports);
  state_ = {};
  state_.runtime = "JVM";
  hotspot_found_ns_ = monotonic_ns();
  read_hotspot();
  return true;
}

void RuntimeNames::read_hotspot() {
  hotspot_tried_ns_ = monotonic_ns();
  const bool is_judged = hotspot_tried_ns_ - hotspot_found_ns_ >= kJudgeAfterNs;
  auto made = HotSpot::make(hotspot_exports_, memory_);
  if (const auto* const unreadable = std::get_if<HotSpot::Unreadable>(&made)) {
    if (!is_judged) return;
    const bool is_missing = !unreadable->missing.empty();
    state_.problem = is_missing ? RuntimeProblem::constant_missing : RuntimeProblem::constant_unusable;
    state_.constant = is_missing ? unreadable->missing : "gHotSpotVMStructs";
    return;
  }
  auto& hotspot = std::get<0>(made);
  // The library's constructors set the version: until then its tables may be half there.
  if (hotspot->version().empty() && !is_judged) return;
  hotspot_ = std::move(hotspot);
  state_ = {};
  state_.runtime = hotspot_->version().empty() ? "JVM" : "JVM " + hotspot_->version();
}

void RuntimeNames::retry_hotspot() {
  const uint64_t now = monotonic_ns();
  const uint64_t interval_ns = std::clamp((now - hotspot_found_ns_) / kTriesOfAge, kShortestRetryNs, kLongestRetryNs);
  if (now - hotspot_tried_ns_ >= interval_ns) read_hotspot();
}

RuntimeCode* RuntimeNames::code(uint64_t sample_ns) {
  if (!hotspot_ && !hotspot_exports_.empty()) retry_hotspot();
  if (v8_) v8_->begin_sample(sample_ns);
  if (!hotspot_) return nullptr;
  hotspot_->unloading().begin_sample(sample_ns);
  return &hotspot_->unwinder();
}

FrameNamer* RuntimeNames::namer() const {
  if (v8_) return v8_.get();
  return hotspot_ ? &hotspot_->frames() : nullptr;
}

bool RuntimeNames::look_for_v8(const ByteSource& file, uint64_t bias) {
  const auto symbols = read_v8_symbols(file);
  if (!symbols) return false;
  state_ = {};
  const std::string version = symbols->version();
  state_.runtime = version.empty() ? "V8" : "V8 " + version;
  if (symbols->node_metadata() != 0) {
    state_.product = "Node.js";
    node_metadata_ = symbols->node_metadata() + bias;
    read_product();
  }
  auto made = make_v8_layout(*symbols);
  if (const auto* const unreadable = std::get_if<V8Unreadable>(&made)) {
    state_.problem = problem_of(unreadable->reason);
    state_.constant = unreadable->constant;
    return true;
  }
  layout_ = std::get<V8Layout>(made);
  layout_->bytecode_sizes = read_bytecode_sizes(file);
  v8_ = std::make_unique<V8Frames>(*layout_, memory_);
  return true;
}

/// A process that has only just begun has no version yet.
void RuntimeNames::read_product() {
  const std::string version = read_node_version(memory_, node_metadata_);
  if (version.empty()) return;
  state_.product += " " + version;
  node_metadata_ = 0;
}

void RuntimeNames::forget_runtime() {
  node_metadata_ = 0;
  hotspot_.reset();
  hotspot_exports_.clear();
  v8_.reset();
  layout_.reset();
  state_ = {};
}

std::optional<FrameSlots> RuntimeNames::slots() const {
  const FrameNamer* const reader = namer();
  return reader == nullptr ? std::nullopt : std::optional(reader->slots());
}

void RuntimeNames::name(std::span<const RuntimeFrame> frames, std::vector<NamedFrame>& named) {
  named.assign(frames.size(), {});
  if (node_metadata_ != 0) read_product();
  namer()->name(frames, namings_);
  size_t count = 0;
  for (const RuntimeNaming& naming : namings_) count += naming.functions.size();
  places_.clear();
  places_.reserve(count);
  for (size_t i = 0; i < frames.size(); i++) {
    const size_t first = places_.size();
    const auto& [as, functions, lines] = namings_[i];
    for (size_t at = 0; at < functions.size(); at++) {
      if (const auto id = intern(functions[at])) places_.push_back({*id, lines.empty() ? 0 : lines[at]});
    }
    const auto places = std::span<const FunctionPlace>(places_).subspan(first);
    if (!places.empty() || as == RuntimeNaming::As::gap) named[i] = {as, places};
  }
}

std::optional<uint32_t> RuntimeNames::intern(const RuntimeFunction& function) {
  const auto known = ids_.find(function);
  if (known != ids_.end()) return known->second;
  if (ids_.size() >= kMostFunctions) return std::nullopt;
  const auto id = static_cast<uint32_t>(ids_.size());
  ids_.emplace(function, id);
  new_.push_back(function);
  return id;
}

std::vector<RuntimeFunction> RuntimeNames::take_new() { return std::exchange(new_, {}); }

RuntimeState RuntimeNames::state() const {
  RuntimeState state = state_;
  const FrameNamer* const reader = namer();
  if (reader == nullptr && hotspot_exports_.empty()) return state;
  if (memory_.refusal() != 0) {
    state.problem = RuntimeProblem::memory_refused;
    state.error = memory_.refusal();
    state.constant.clear();
  } else if (reader != nullptr && reader->named() == 0 && reader->looked() >= kLooksToJudge) {
    state.problem = RuntimeProblem::checks_failed;
  } else if (v8_ && !layout_->optimized) {
    state.problem = RuntimeProblem::optimized_code;
  } else if (v8_ && v8_->wasm().looked() >= kWasmLooksToJudge && !v8_->wasm().has_understood()) {
    state.problem = RuntimeProblem::wasm_code;
    state.constant = layout_->wasm_missing;
  }
  return state;
}

}  // namespace prof
