// CPython in the target: finds it among the modules, tells engines what to read, and puts the Python frames of a sample
// where the interpreter's evaluation loop stands in the native stack. Drain thread only, but for `stacks`.
//
// Each run of the loop on the C stack evaluates Python frames up to one that is marked as its first. So the number of
// marks must be the number of loops: else nothing of that sample is named.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "capture/raw_sample.h"
#include "runtime/python_functions.h"
#include "runtime/python_layout.h"
#include "runtime/runtime_names.h"

namespace prof {

/// A frame of Python code in a stack.
struct PythonPlace {
  std::optional<uint32_t> function;  // a number of RuntimeNames; nothing: it could not be proved
  uint32_t line = 0;  // at which it stands, from 1; 0: not known
  uint64_t code = 0;
};

/// What stands in place of one run of the evaluation loop; of nothing the loop itself stays.
struct PythonRun {
  size_t frame = 0;  // of the native stack, leaf first
  std::span<const PythonPlace> places;  // innermost first; valid until the next merge
  bool is_cut = false;  // callers are missing: more than the walk takes
};

/// Where the evaluation loop stands in a native stack.
struct PythonLoops {
  std::span<const size_t> frames;  // leaf first, 0 being the leaf
  size_t of_greenlet = 0;          // how many of them are the running greenlet's; all where there is none
  bool is_whole = false;           // the native stack reaches its root
};

/// Whether a file is the one that switches between stacks in one thread.
[[nodiscard]] bool is_greenlet_module(std::string_view path);

class PythonNames {
 public:
  /// All must outlive this.
  PythonNames(HeapSource& memory, RuntimeNames& numbers) : memory_(memory), numbers_(numbers) {}

  /// Looks whether the file is an interpreter; only while none is known.
  void look_at(const ByteSource& file, uint32_t module, uint64_t bias);
  void forget();
  /// Something that may be tried again: an interpreter that has not begun yet.
  [[nodiscard]] bool is_waiting() const { return binary_ && !target_ && why_ == PythonUnreadable::not_yet; }
  /// Tries again. True when there is a new target.
  bool try_again();
  [[nodiscard]] const std::optional<payload::PythonTarget>& target() const { return target_; }
  [[nodiscard]] bool is_eval(uint32_t module, uint64_t va) const {
    return binary_ && module == module_ && binary_->is_eval(va);
  }
  void merge(const RawSample& sample, PythonLoops loops, std::vector<PythonRun>& runs);
  /// Nothing when there is no interpreter, or none that has begun.
  [[nodiscard]] std::optional<RuntimeState> state() const;

 private:
  [[nodiscard]] bool matches(const RawSample& sample, PythonLoops& loops, size_t& first) const;
  [[nodiscard]] bool count_runs(const RawSample& sample, const PythonLoops& loops, size_t& first) const;
  [[nodiscard]] RuntimeProblem judge() const;
  [[nodiscard]] bool ends_run(const payload::PythonFrame& frame) const;

  HeapSource& memory_;
  RuntimeNames& numbers_;
  std::optional<PythonBinary> binary_;
  uint32_t module_ = 0;
  uint64_t bias_ = 0;
  std::optional<PythonUnreadable> why_;
  std::optional<payload::PythonTarget> target_;
  std::optional<PythonFunctions> functions_;
  std::vector<PythonPlace> places_;
  uint64_t merged_ = 0;  // samples
  // And those that keep their native frames.
  uint64_t unmatched_ = 0;  // the frames are not those of the loops
  uint64_t loopless_ = 0;   // with Python frames, but without a loop in a whole stack
  uint64_t unclear_ = 0;    // the walk could not tell which frames are the thread's
};

}  // namespace prof
