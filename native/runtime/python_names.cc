#include "runtime/python_names.h"

namespace prof {
namespace {

// So many samples that failed, and a twentieth of all: when all did, what is known is not true of this binary.
constexpr uint64_t kLooksToJudge = 50;
constexpr uint64_t kPartToTell = 20;

RuntimeProblem problem_of(PythonUnreadable why) {
  switch (why) {
    case PythonUnreadable::unknown_version:
      return RuntimeProblem::unknown_version;
    case PythonUnreadable::no_symbols:
      return RuntimeProblem::no_symbols;
    case PythonUnreadable::free_threaded:
      return RuntimeProblem::free_threaded;
    case PythonUnreadable::wrong_offsets:
      return RuntimeProblem::wrong_offsets;
    case PythonUnreadable::not_yet:
      break;
  }
  return RuntimeProblem::none;
}

}  // namespace

bool is_greenlet_module(std::string_view path) {
  return path.substr(path.rfind('/') + 1).starts_with("_greenlet.");
}

void PythonNames::look_at(const ByteSource& file, uint32_t module, uint64_t bias) {
  if (binary_) return;
  binary_ = read_python_binary(file);
  if (!binary_) return;
  module_ = module;
  bias_ = bias;
  why_ = PythonUnreadable::not_yet;
}

void PythonNames::forget() {
  binary_.reset();
  target_.reset();
  functions_.reset();
  why_.reset();
  merged_ = unmatched_ = loopless_ = unclear_ = 0;
}

bool PythonNames::try_again() {
  if (!is_waiting()) return false;
  const auto made = make_python_target(*binary_, bias_, memory_);
  if (const auto* const why = std::get_if<PythonUnreadable>(&made)) {
    why_ = *why;
    return false;
  }
  target_ = std::get<payload::PythonTarget>(made);
  functions_.emplace(*target_, binary_->types.moved_by(bias_), memory_);
  why_.reset();
  return true;
}

/// An entry frame of its own ends the run (3.12 and later), or the first of the run is marked (3.11).
bool PythonNames::ends_run(const payload::PythonFrame& frame) const {
  const uint64_t mark = frame.instruction >> 56;
  return target_->first_marker > UINT8_MAX ? mark != 0 : mark >= target_->first_marker;
}

/// Whether the runs can be told apart. `first`: the first loop that has one, for one that has just been entered or is
/// about to be left has none.
bool PythonNames::count_runs(const RawSample& sample, const PythonLoops& loops, size_t& first) const {
  const size_t count = loops.frames.size();
  size_t runs = 0;
  for (const payload::PythonFrame& frame : sample.python_frames) runs += ends_run(frame) ? 1 : 0;
  first = 0;
  if ((sample.python_seen & payload::kPythonCut) != 0) return runs <= count;
  if (!loops.is_whole) return runs >= count;
  if (runs == count) return true;
  first = 1;
  return runs + 1 == count && loops.frames.front() == 0;
}

/// A greenlet's frames end with it, while its native stack goes on with that of the one that has started it. Leaves
/// the loops that have frames.
bool PythonNames::matches(const RawSample& sample, PythonLoops& loops, size_t& first) const {
  const PythonLoops own{loops.frames.first(loops.of_greenlet), loops.of_greenlet, true};
  const bool is_greenlet = loops.of_greenlet < loops.frames.size() && count_runs(sample, own, first);
  if (is_greenlet) loops = own;
  return is_greenlet || count_runs(sample, loops, first);
}

void PythonNames::merge(const RawSample& sample, PythonLoops loops, std::vector<PythonRun>& runs) {
  runs.clear();
  if (!target_ || sample.python_seen == 0) return;
  if (loops.frames.empty()) {
    if (loops.is_whole && !sample.python_frames.empty()) loopless_++;
    return;
  }
  if ((sample.python_seen & payload::kPythonUnclear) != 0) {
    unclear_++;
    return;
  }
  size_t loop = 0;
  if (!matches(sample, loops, loop)) {
    unmatched_++;
    return;
  }
  merged_++;
  places_.clear();
  places_.reserve(sample.python_frames.size());
  size_t begun = 0;
  const auto end_run = [&](bool is_cut) {
    runs.push_back({loops.frames[loop++], std::span<const PythonPlace>(places_).subspan(begun), is_cut});
    begun = places_.size();
  };
  for (const payload::PythonFrame& frame : sample.python_frames) {
    if (loop >= loops.frames.size()) break;
    if (frame.instruction >> 56 < target_->first_marker) {
      const auto* known = functions_->find(frame, sample.python_texts);
      const bool is_shown = known == nullptr || !known->is_internal;
      const auto number = known != nullptr ? numbers_.number(known->function) : std::nullopt;
      const uint32_t line = known != nullptr ? functions_->line_of(*known, frame) : 0;
      if (is_shown) places_.push_back({number, line, frame.code & payload::kObjectBits});
    }
    if (ends_run(frame)) end_run(false);
  }
  const bool is_cut = (sample.python_seen & payload::kPythonCut) != 0;
  if (loop < loops.frames.size() && places_.size() > begun) end_run(is_cut);
}

RuntimeProblem PythonNames::judge() const {
  const uint64_t failed = unmatched_ + loopless_ + unclear_;
  if (failed < kLooksToJudge || failed < (merged_ + failed) / kPartToTell) return RuntimeProblem::none;
  if (merged_ > 0 || unclear_ > 0) return RuntimeProblem::often_unmatched;
  return unmatched_ == 0 ? RuntimeProblem::no_loop : RuntimeProblem::wrong_offsets;
}

std::optional<RuntimeState> PythonNames::state() const {
  // A program may hold the library (gdb, vim) and never begin an interpreter.
  if (!binary_ || is_waiting()) return std::nullopt;
  RuntimeState state;
  const std::string version = binary_->version_text();
  state.runtime = "CPython" + (version.empty() ? " before 3.11" : " " + version);
  if (why_) state.problem = problem_of(*why_);
  if (memory_.refusal() != 0) {
    state.problem = RuntimeProblem::memory_refused;
    state.error = memory_.refusal();
  } else if (!why_) {
    state.problem = judge();
  }
  return state;
}

}  // namespace prof
