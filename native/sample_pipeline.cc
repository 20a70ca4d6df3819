#include "sample_pipeline.h"

#include <algorithm>

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

// A pc that no mapping holds may be code that was mapped a moment ago; reading maps costs, so not too often. A program that
// has just begun maps its libraries one after the other; and the stack of a sleeper stands for all the time it sleeps.
constexpr uint64_t kLongestRefreshIntervalNs = 100'000'000;
constexpr uint64_t kShortestRefreshIntervalNs = 2'000'000;
constexpr uint64_t kRefreshesOfAge = 10;

#if defined(__x86_64__)
constexpr uint64_t kArchitecture = 0;
#elif defined(__aarch64__)
constexpr uint64_t kArchitecture = 1;
#endif

/// What `blockedLabel` in src/profile/blocked.ts reads. The architecture is in it because call numbers are its own, and
/// a profile may be read on another one.
uint64_t blocked_address(Activity activity, int32_t system_call) {
  const auto number = static_cast<uint32_t>(system_call + 1);  // 0: in no call
  return kArchitecture << 40 | static_cast<uint64_t>(activity) << 32 | number;
}

/// What `runtimePlaceOf` in src/profile/runtime-place.ts reads.
Frame runtime_frame(const FunctionPlace& place) {
  const uint64_t address = uint64_t{place.line} << 32 | place.function;
  return {FrameKind::runtime, kNoModuleId, address};
}

}  // namespace

SamplePipeline::SamplePipeline(pid_t pid, uint64_t session_start_ns)
    : pid_(pid),
      start_ns_(session_start_ns),
      program_since_ns_(session_start_ns),
      modules_(pid),
      memory_(pid),
      recent_(memory_),
      holes_(memory_),
      late_(memory_),
      unwinder_(modules_.code_map(), memory_),
      runtime_(recent_),
      python_(recent_, runtime_),
      python_stacks_(pid) {}

int SamplePipeline::load_modules(std::chrono::milliseconds patience, bool in_a_hurry) {
  const int error = refresh_modules();
  if (in_a_hurry || modules_.needs_tables()) modules_.wait_ready(patience);
  // The mappings were read anew, so every range that the unwinder remembers is gone.
  modules_.adopt_ready();
  unwinder_.flush();
  queue_new_modules();
  follow_python();
  return error;
}

std::vector<ThreadClock> SamplePipeline::read_thread_clocks() const {
  std::vector<ThreadClock> clocks;
  clocks.reserve(ledger_.size());
  for (const pid_t tid : ledger_.tids()) clocks.push_back({tid, thread_cpu_ns(pid_, tid)});
  return clocks;
}

void SamplePipeline::change_engine(std::span<const ThreadClock> clocks, bool carried_all, bool keeps_scales) {
  ledger_.change_engine(clocks, carried_all, keeps_scales);
  mode_split_ = {};
  short_lived_before_ns_ = counts_.short_lived_ns;
  if (carried_all) return;
  // A thread that nobody has sampled yet: its time so far is not the new engine's.
  for (const pid_t tid : list_threads(pid_)) know_thread(tid, thread_cpu_ns(pid_, tid).value_or(0));
}

void SamplePipeline::follow_mappings() {
  if (mappings_changed_ && monotonic_ns() - last_refresh_ns_ >= refresh_interval_ns()) {
    mappings_changed_ = false;
    if (refresh_modules() == 0) unwinder_.flush();
  }
  if (modules_.adopt_ready()) unwinder_.flush();
  queue_new_modules();
  follow_python();
}

uint64_t SamplePipeline::refresh_interval_ns() const {
  const uint64_t age_ns = monotonic_ns() - program_since_ns_;
  const uint64_t interval_ns = std::max(age_ns / kRefreshesOfAge, refresh_cost_ns_ * kRefreshesOfAge);
  return std::clamp(interval_ns, kShortestRefreshIntervalNs, kLongestRefreshIntervalNs);
}

int SamplePipeline::refresh_modules() {
  const uint64_t begun_ns = monotonic_ns();
  const int error = modules_.refresh();
  last_refresh_ns_ = monotonic_ns();
  refresh_cost_ns_ = last_refresh_ns_ - begun_ns;
  return error;
}

void SamplePipeline::queue_new_modules() {
  const auto& known = modules_.modules();
  if (modules_queued_ < known.size()) is_runtime_searched_ = false;
  for (; modules_queued_ < known.size(); modules_queued_++) fill_.modules.push_back(known[modules_queued_]);
}

void SamplePipeline::settle_threads(std::span<const ThreadClock> clocks, bool has_lost, uint64_t cpu_ns,
                                    uint64_t limit_ns, bool ends_are_told) {
  const uint64_t now = monotonic_ns();
  for (const auto& [tid, used] : clocks) {
    if (!used) {
      ledger_.mark_gone(tid);
      mode_split_.forget(tid);
    } else if (has_lost) {
      ledger_.forgive(tid, *used);
    } else {
      add_tail(now, ledger_.settle(tid, *used, limit_ns));
    }
  }
  if (has_lost) {
    ledger_.restart_scale(cpu_ns);
    ledger_.forgive_ended(cpu_ns);
    return;
  }
  ledger_.end_round(cpu_ns);
  if (ends_are_told) return;
  for (const auto& tail : ledger_.settle_ended(cpu_ns, limit_ns)) add_tail(now, tail);
}

void SamplePipeline::close_accounts(uint64_t cpu_ns, uint64_t limit_ns) {
  const uint64_t now = monotonic_ns();
  const uint64_t short_lived_ns = counts_.short_lived_ns - short_lived_before_ns_;
  for (const auto& tail : ledger_.close(cpu_ns - std::min(cpu_ns, short_lived_ns), limit_ns)) {
    add_tail(now, tail);
  }
}

void SamplePipeline::hand_over() {
  const std::lock_guard lock(shelf_mutex_);
  shelf_.take_from(fill_);
}

Batch SamplePipeline::take_batch() {
  const std::lock_guard lock(shelf_mutex_);
  return std::exchange(shelf_, Batch{});
}

void SamplePipeline::on_sample(const RawSample& sample) {
  if (sample.is_wall_time) return add_wall_row(sample);
  if (sample.time_ns < window_.from_ns || sample.time_ns >= window_.until_ns) return;
  const uint32_t thread = know_thread(sample.tid, 0);
  const auto [stack, user_part] = intern_stack(sample, thread);
  counts_.samples++;
  if (sample.mode_times) mode_split_.see(sample.tid, stack, user_part, *sample.mode_times);
  const uint64_t weight_ns = sample.used_ns ? ledger_.book_clock(sample.tid, stack, *sample.used_ns)
                                            : ledger_.book_sample(sample.tid, stack, sample.weight_ns);
  add_weight(sample.time_ns, weight_ns, sample.tid, thread, stack, 1);
}

// Wall time has no clock to be held against, and nothing of it is counted twice at a cut: the thread ledger and the
// window are for CPU time.
void SamplePipeline::add_wall_row(const RawSample& sample) {
  const uint32_t thread = know_thread(sample.tid, 0);
  WallStack& stack = wall_stacks_[sample.tid];
  const uint64_t truncated = counts_.truncated;
  if (!sample.is_unmoved) {
    stack.id = intern_stack(sample, thread).whole;
    stack.is_truncated = counts_.truncated > truncated;
  } else if (stack.is_truncated) {
    counts_.truncated += sample.looks;
  }
  counts_.samples += sample.looks;
  add_row(sample.time_ns, sample.weight_ns, thread, stack.id, sample.looks);
}

SamplePipeline::InternedStack SamplePipeline::intern_stack(const RawSample& sample, uint32_t thread) {
  path_.clear();
  collect_above_user(sample);
  const size_t above_user = path_.size();
  collect_user_frames(sample);
  const auto start_of = [this](const Frame& frame) { return function_start(frame); };
  InternedStack interned;
  const std::span<const Frame> path(path_);
  // Only who splits by user and kernel time asks for the part below the kernel.
  if (sample.mode_times && above_user < path.size()) {
    interned.user_part = table_.add_path(path.subspan(above_user), thread, fill_.rows, start_of).value_or(0);
  }
  if (path.empty()) return interned;
  if (const auto stack = table_.add_path(path, thread, fill_.rows, start_of)) {
    interned.whole = *stack;
    return interned;
  }
  counts_.not_kept++;
  counts_.truncated++;
  interned.whole = table_.add_leaf(path.front(), fill_.rows, start_of);
  return interned;
}

void SamplePipeline::collect_above_user(const RawSample& sample) {
  const bool is_blocked = sample.activity != Activity::running;
  if (is_blocked || (sample.is_wall_time && !sample.has_registers)) {
    path_.push_back({FrameKind::blocked, kNoModuleId, blocked_address(sample.activity, sample.system_call)});
  }
  if (sample.in_kernel && sample.kernel_unseen) path_.push_back({FrameKind::kernel_unseen, kNoModuleId, 0});
  for (size_t i = 0; i < sample.kernel_ips.size(); i++) {
    // All but the leaf are return addresses: the call is the byte before.
    path_.push_back({FrameKind::kernel, kNoModuleId, sample.kernel_ips[i] - (i == 0 ? 0 : 1)});
  }
}

void SamplePipeline::collect_user_frames(const RawSample& sample) {
  for (size_t i = 0; i < sample.user_ips.size(); i++) {
    path_.push_back({FrameKind::native, kNoModuleId, sample.user_ips[i] - (i == 0 ? 0 : 1)});
  }
  if (!sample.user_ips.empty() || !sample.has_registers) return;
  if (!sample.is_32_bit) return unwind(sample);
  // 32-bit code has its own registers and tables, which we do not read: where it was is all that is known.
  const uint64_t pc = sample.registers.pc();
  path_.push_back(frame_at({pc, modules_.code_map().find(pc)}));
  collect_truncated();
}

StackEnd SamplePipeline::walk(const RawSample& sample, const StackCopy& copy) {
  if (!is_runtime_searched_) look_for_runtime();
  recent_.begin_sample(sample.time_ns);
  unwinder_.set_runtime(runtime_.code(sample.time_ns));
  return unwinder_.unwind(sample.registers, copy, unwound_);
}

void SamplePipeline::unwind(const RawSample& sample) {
  const StackCopy copy{sample.registers.sp(), sample.stack};
  StackEnd end = walk(sample, copy);
  const uint64_t interval_ns = sample.is_wall_time ? kShortestRefreshIntervalNs : refresh_interval_ns();
  if (end == StackEnd::no_map && monotonic_ns() - last_refresh_ns_ >= interval_ns) {
    retry_unmapped();
    end = walk(sample, copy);
  }
  const bool is_late = end != StackEnd::root && complete_late(sample, end);
  const bool is_whole = end == StackEnd::root || is_late;
  collect_unwound(sample, copy, is_late, is_whole);
  if (!is_whole) collect_truncated();
}

/// What the copy did not hold: sees to it that the next copies do, and meanwhile reads it from the target.
bool SamplePipeline::complete_late(const RawSample& sample, StackEnd end) {
  if (end != StackEnd::truncated_copy && end != StackEnd::bad_fp) return false;
  const StackCopy copy{sample.registers.sp(), sample.stack};
  if (end == StackEnd::truncated_copy && sample.stack_missing == 0) counts_.copy_ended++;
  if (end == StackEnd::truncated_copy) holes_.fill(copy.base + copy.bytes.size(), sample.stack_missing);
  late_.forget();
  return unwinder_.complete(sample.registers, copy, sample.frame_pointer_ips, late_, unwound_);
}

void SamplePipeline::collect_unwound(const RawSample& sample, const StackCopy& copy, bool is_late, bool is_whole) {
  name_runtime_frames(sample, copy, is_late);
  merge_python_frames(sample, is_whole);
  size_t next = 0;
  size_t next_run = 0;
  for (size_t i = 0; i < unwound_.size(); i++) {
    if (next_run < python_runs_.size() && python_runs_[next_run].frame == i) {
      const PythonRun& run = python_runs_[next_run++];
      collect_python_run(run);
      if (!run.places.empty()) continue;
    }
    const bool may_be_named = next < runtime_named_.size() && runtime_places_[next] == i;
    const NamedFrame named = may_be_named ? runtime_named_[next++] : NamedFrame{};
    if (named.as == RuntimeNaming::As::gap) path_.push_back({FrameKind::truncated, kNoModuleId, 0});
    else if (named.as != RuntimeNaming::As::function) path_.push_back(frame_at(unwound_[i]));
    for (const FunctionPlace& place : named.places) path_.push_back(runtime_frame(place));
  }
}

void SamplePipeline::name_runtime_frames(const RawSample& sample, const StackCopy& copy, bool is_late) {
  runtime_frames_.clear();
  runtime_places_.clear();
  runtime_named_.clear();
  const auto slots = runtime_.slots();
  if (!slots) return;
  recent_.set_lasting(!runtime_.is_replacing());
  const auto read = [&](uint64_t address, uint64_t& word) {
    return copy.read_word(address, word) || (is_late && late_.read_word(address, word));
  };
  for (size_t i = 0; i < unwound_.size(); i++) {
    const auto& [address, range, frame_pointer] = unwound_[i];
    const bool is_generated = range == nullptr || range->module == kNoModule;
    if (frame_pointer == 0 && !is_generated) continue;
    RuntimeFrame frame{address, is_generated, i == 0};
    if (frame.is_leaf) frame.registers = &sample.registers;
    read_slots(frame, frame_pointer, *slots, read);
    if (i > 0) frame.callee = unwound_[i - 1].address;
    runtime_frames_.push_back(frame);
    runtime_places_.push_back(i);
  }
  if (runtime_frames_.empty()) return;
  runtime_.name(runtime_frames_, runtime_named_);
  for (RuntimeFunction& function : runtime_.take_new()) fill_.functions.push_back(std::move(function));
}

void SamplePipeline::merge_python_frames(const RawSample& sample, bool is_whole) {
  python_loops_.clear();
  python_runs_.clear();
  if (sample.python_seen == 0 || !python_.target()) return;
  std::optional<size_t> of_greenlet;
  for (size_t i = 0; i < unwound_.size(); i++) {
    const CodeRange* const range = unwound_[i].range;
    if (range == nullptr || range->module == kNoModule) continue;
    if (python_.is_eval(range->module, unwound_[i].address - range->bias)) {
      python_loops_.push_back(i);
    } else if (!of_greenlet && !python_loops_.empty() && is_greenlet_module(modules_.modules()[range->module].path)) {
      of_greenlet = python_loops_.size();
    }
  }
  python_.merge(sample, {python_loops_, of_greenlet.value_or(python_loops_.size()), is_whole}, python_runs_);
  for (RuntimeFunction& function : runtime_.take_new()) fill_.functions.push_back(std::move(function));
}

void SamplePipeline::collect_python_run(const PythonRun& run) {
  for (const PythonPlace& place : run.places) {
    if (place.function) path_.push_back(runtime_frame({*place.function, place.line}));
    else path_.push_back({FrameKind::exec_anon, kNoModuleId, place.code});
  }
  if (run.is_cut) path_.push_back({FrameKind::truncated, kNoModuleId, 0});
}

void SamplePipeline::follow_python() {
  if (!is_runtime_searched_) look_for_runtime();
  if (python_.is_waiting() && python_.try_again()) python_stacks_.set_target(python_.target());
}

void SamplePipeline::look_for_runtime() {
  is_runtime_searched_ = true;
  for (const CodeRange& range : modules_.code_map().ranges()) {
    if (range.module == kNoModule || !modules_searched_.insert(range.module).second) continue;
    const ModuleInfo& module = modules_.modules()[range.module];
    if (module.fd < 0) continue;
    const FileSource file(module.fd, module.size);
    // One file is one runtime's: the names of a large program are not looked through once more.
    if (!runtime_.look_at(file, range.bias)) python_.look_at(file, range.module, range.bias);
  }
}

void SamplePipeline::collect_truncated() {
  counts_.truncated++;
  path_.push_back({FrameKind::truncated, kNoModuleId, 0});
}

void SamplePipeline::retry_unmapped() {
  if (refresh_modules() != 0) return;
  modules_.adopt_ready();
  unwinder_.flush();
  queue_new_modules();
}

Frame SamplePipeline::frame_at(const UnwoundFrame& unwound) const {
  const CodeRange* range = unwound.range;
  if (range == nullptr || range->module == kNoModule) return {FrameKind::exec_anon, kNoModuleId, unwound.address};
  return {FrameKind::native, range->module, unwound.address - range->bias};
}

uint64_t SamplePipeline::function_start(const Frame& frame) const {
  const bool has_table = frame.kind == FrameKind::native && frame.module != kNoModuleId;
  return has_table ? modules_.function_start(frame.module, frame.address) : 0;
}

uint32_t SamplePipeline::know_thread(pid_t tid, uint64_t used_before_ns) {
  const auto [thread, is_new] = ledger_.know(tid, used_before_ns);
  if (is_new) fill_.threads.push_back({thread, tid, thread_name(pid_, tid)});
  return thread;
}

void SamplePipeline::add_tail(uint64_t time_ns, const ThreadLedger::Tail& tail) {
  if (tail.weight_ns > 0) add_weight(time_ns, tail.weight_ns, tail.tid, tail.thread, tail.stack, 0);
}

void SamplePipeline::add_weight(uint64_t time_ns, uint64_t weight_ns, pid_t tid, uint32_t thread, uint32_t stack,
                                uint32_t samples) {
  const ModeSplit::Parts parts = mode_split_.split(tid, stack, weight_ns);
  add_row(time_ns, parts.weight_ns, thread, parts.stack, samples);
  if (parts.user_weight_ns > 0) add_row(time_ns, parts.user_weight_ns, thread, parts.user_stack, 0);
}

void SamplePipeline::add_row(uint64_t time_ns, uint64_t weight_ns, uint32_t thread, uint32_t stack, uint32_t samples) {
  // A rest that is told after the cut is of the time before it.
  const uint64_t within_ns = std::clamp(time_ns, window_.from_ns, window_.until_ns - 1);
  fill_.time_ns.push_back(within_ns > start_ns_ ? static_cast<double>(within_ns - start_ns_) : 0.0);
  fill_.weight_ns.push_back(static_cast<double>(weight_ns));
  fill_.thread.push_back(thread);
  fill_.stack.push_back(stack);
  fill_.span.push_back(window_.span);
  fill_.samples.push_back(samples);
}

void SamplePipeline::on_thread_tail(pid_t tid, uint64_t tail_ns) {
  const auto tail = ledger_.end(tid, tail_ns);
  if (tail.weight_ns == 0) return;
  if (tail.stack == 0) {
    counts_.short_lived_ns += tail.weight_ns;
    return;
  }
  add_tail(monotonic_ns(), tail);
}

void SamplePipeline::on_thread_gone(pid_t tid) {
  ledger_.forget(tid);
  mode_split_.forget(tid);
  wall_stacks_.erase(tid);
}

void SamplePipeline::on_thread_name(pid_t tid, std::string_view name) {
  const auto [thread, is_new] = ledger_.know(tid, 0);
  fill_.threads.push_back({thread, tid, std::string(name)});
}

void SamplePipeline::on_exec() {
  // The new program has other code, and of the threads one goes on.
  counts_.execs++;
  modules_.reset_after_exec();
  runtime_.forget_runtime();
  recent_.forget();
  python_.forget();
  python_stacks_.set_target(std::nullopt);
  modules_searched_.clear();
  is_runtime_searched_ = false;
  unwinder_.flush();
  mappings_changed_ = true;
  program_since_ns_ = monotonic_ns();
  last_refresh_ns_ = 0;
  if (const auto used = thread_cpu_ns(pid_, pid_)) ledger_.exec(pid_, *used);
  on_thread_name(pid_, thread_name(pid_, pid_));
  mode_split_ = {};
}

}  // namespace prof
