#include "runtime/runtime_names.h"

#include <functional>
#include <utility>

#include "base/mix_bits.h"

namespace prof {
namespace {

// Generated code by the thousand (eval, templates) may make new functions for hours.
constexpr size_t kMostFunctions = 1 << 17;
// So many frames that all failed: the constants do not tell the truth about this binary.
constexpr uint64_t kLooksToJudge = 200;

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
  return mix_bits(hash(function.name) ^ mix_bits(hash(function.script) + function.line));
}

void RuntimeNames::look_at(const ByteSource& file) {
  if (v8_) return;
  const auto symbols = read_v8_symbols(file);
  if (!symbols) return;
  state_ = {};
  const std::string version = symbols->version();
  state_.runtime = version.empty() ? "V8" : "V8 " + version;
  auto made = make_v8_layout(*symbols);
  if (const auto* const unreadable = std::get_if<V8Unreadable>(&made)) {
    state_.problem = problem_of(unreadable->reason);
    state_.constant = unreadable->constant;
    return;
  }
  layout_ = std::get<V8Layout>(made);
  v8_ = std::make_unique<V8Frames>(*layout_, memory_);
}

void RuntimeNames::forget_runtime() {
  v8_.reset();
  layout_.reset();
  state_ = {};
}

std::optional<FrameSlots> RuntimeNames::slots() const {
  if (!v8_) return std::nullopt;
  return FrameSlots{layout_->fp_context, layout_->fp_function, layout_->fp_bytecode};
}

void RuntimeNames::name(std::span<const RuntimeFrame> frames, std::vector<NamedFrame>& named) {
  named.assign(frames.size(), {});
  v8_->name(frames, namings_);
  size_t count = 0;
  for (const RuntimeNaming& naming : namings_) count += naming.functions.size();
  named_ids_.clear();
  named_ids_.reserve(count);
  for (size_t i = 0; i < frames.size(); i++) {
    const size_t first = named_ids_.size();
    for (const RuntimeFunction& function : namings_[i].functions) {
      if (const auto id = intern(function)) named_ids_.push_back(*id);
    }
    const auto ids = std::span<const uint32_t>(named_ids_).subspan(first);
    if (!ids.empty()) named[i] = {namings_[i].as, ids};
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
  if (!v8_) return state;
  if (memory_.refusal() != 0) {
    state.problem = RuntimeProblem::memory_refused;
    state.error = memory_.refusal();
  } else if (v8_->named() == 0 && v8_->looked() >= kLooksToJudge) {
    state.problem = RuntimeProblem::checks_failed;
  } else if (!layout_->optimized) {
    state.problem = RuntimeProblem::optimized_code;
  }
  return state;
}

}  // namespace prof
