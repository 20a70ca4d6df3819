#include "sample_pipeline.h"

#include "base/clock.h"
#include "capture/threads.h"

namespace prof {
namespace {

// A pc that no mapping holds may be code that was mapped a moment ago; reading maps costs, so not too often.
constexpr uint64_t kRefreshIntervalNs = 100'000'000;

}  // namespace

SamplePipeline::SamplePipeline(pid_t pid, uint64_t session_start_ns)
    : pid_(pid), start_ns_(session_start_ns), modules_(pid), memory_(pid), holes_(memory_), late_(memory_), unwinder_(modules_.code_map(), memory_) {}

int SamplePipeline::load_modules(std::chrono::milliseconds patience) {
  const int error = modules_.refresh();
  last_refresh_ns_ = monotonic_ns();
  modules_.wait_ready(patience);
  // The mappings were read anew, so every range that the unwinder remembers is gone.
  modules_.adopt_ready();
  unwinder_.flush();
  queue_new_modules();
  return error;
}

void SamplePipeline::begin_accounting() {
  for (const pid_t tid : list_threads(pid_)) know_thread(tid, thread_cpu_ns(pid_, tid).value_or(0));
}

void SamplePipeline::set_window(uint64_t from_ns, uint64_t until_ns) {
  from_ns_ = from_ns;
  until_ns_ = until_ns;
}

void SamplePipeline::follow_mappings() {
  const uint64_t now = monotonic_ns();
  if (mappings_changed_ && now - last_refresh_ns_ >= kRefreshIntervalNs) {
    mappings_changed_ = false;
    last_refresh_ns_ = now;
    if (modules_.refresh() == 0) unwinder_.flush();
  }
  if (modules_.adopt_ready()) unwinder_.flush();
  queue_new_modules();
}

void SamplePipeline::queue_new_modules() {
  const auto& known = modules_.modules();
  for (; modules_queued_ < known.size(); modules_queued_++) fill_.modules.push_back(known[modules_queued_]);
}

void SamplePipeline::settle_threads(bool has_lost, uint64_t cpu_ns, uint64_t limit_ns) {
  const uint64_t now = monotonic_ns();
  for (const pid_t tid : ledger_.tids()) {
    const auto used = thread_cpu_ns(pid_, tid);
    if (!used) {
      ledger_.mark_gone(tid);
    } else if (has_lost) {
      ledger_.forgive(tid, *used);
    } else {
      const auto tail = ledger_.settle(tid, *used, limit_ns);
      if (tail.weight_ns > 0) add_row(now, tail.weight_ns, tail.thread, tail.stack, false);
    }
  }
  if (has_lost) {
    ledger_.restart_scale(cpu_ns);
  } else {
    ledger_.end_round(cpu_ns);
  }
}

void SamplePipeline::close_accounts(uint64_t cpu_ns, uint64_t limit_ns) {
  const uint64_t now = monotonic_ns();
  for (const auto& tail : ledger_.close(cpu_ns - std::min(cpu_ns, counts_.short_lived_ns), limit_ns)) {
    if (tail.weight_ns > 0) add_row(now, tail.weight_ns, tail.thread, tail.stack, false);
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
  if (sample.time_ns < from_ns_ || sample.time_ns >= until_ns_) return;
  const uint32_t thread = know_thread(sample.tid, 0);
  const uint32_t stack = intern_stack(sample, thread);
  counts_.samples++;
  add_row(sample.time_ns, ledger_.book_sample(sample.tid, stack, sample.weight_ns), thread, stack, true);
}

uint32_t SamplePipeline::intern_stack(const RawSample& sample, uint32_t thread) {
  path_.clear();
  collect_kernel_frames(sample);
  collect_user_frames(sample);
  if (path_.empty()) return 0;
  const auto start_of = [this](const Frame& frame) { return function_start(frame); };
  if (const auto stack = table_.add_path(path_, thread, fill_.rows, start_of)) return *stack;
  counts_.not_kept++;
  counts_.truncated++;
  return table_.add_leaf(path_.front(), fill_.rows, start_of);
}

void SamplePipeline::collect_kernel_frames(const RawSample& sample) {
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

void SamplePipeline::unwind(const RawSample& sample) {
  const StackCopy copy{sample.registers.sp(), sample.stack};
  StackEnd end = unwinder_.unwind(sample.registers, copy, unwound_);
  if (end == StackEnd::no_map && monotonic_ns() - last_refresh_ns_ >= kRefreshIntervalNs) {
    retry_unmapped();
    end = unwinder_.unwind(sample.registers, copy, unwound_);
  }
  const bool is_whole = end == StackEnd::root || complete_late(sample, end);
  for (const UnwoundFrame& unwound : unwound_) path_.push_back(frame_at(unwound));
  if (!is_whole) collect_truncated();
}

/// What the copy did not hold: sees to it that the next copies do, and meanwhile reads it from the target.
bool SamplePipeline::complete_late(const RawSample& sample, StackEnd end) {
  if (end != StackEnd::truncated_copy && end != StackEnd::bad_fp) return false;
  const StackCopy copy{sample.registers.sp(), sample.stack};
  if (end == StackEnd::truncated_copy && sample.stack_missing == 0) counts_.copy_ended++;
  if (end == StackEnd::truncated_copy) holes_.fill(copy.base + copy.bytes.size(), sample.stack_missing);
  late_.forget();
  return unwinder_.complete(sample.registers, copy, late_, unwound_);
}

void SamplePipeline::collect_truncated() {
  counts_.truncated++;
  path_.push_back({FrameKind::truncated, kNoModuleId, 0});
}

void SamplePipeline::retry_unmapped() {
  last_refresh_ns_ = monotonic_ns();
  if (modules_.refresh() != 0) return;
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

void SamplePipeline::add_row(uint64_t time_ns, uint64_t weight_ns, uint32_t thread, uint32_t stack, bool is_sample) {
  fill_.time_ns.push_back(time_ns > start_ns_ ? static_cast<double>(time_ns - start_ns_) : 0.0);
  fill_.weight_ns.push_back(static_cast<double>(weight_ns));
  fill_.thread.push_back(thread);
  fill_.stack.push_back(stack);
  fill_.is_sample.push_back(is_sample ? 1 : 0);
}

void SamplePipeline::on_thread_tail(pid_t tid, uint64_t tail_ns) {
  const auto tail = ledger_.end(tid, tail_ns);
  if (tail.weight_ns == 0) return;
  if (tail.stack == 0) {
    counts_.short_lived_ns += tail.weight_ns;
    return;
  }
  add_row(monotonic_ns(), tail.weight_ns, tail.thread, tail.stack, false);
}

void SamplePipeline::on_thread_name(pid_t tid, std::string_view name) {
  const auto [thread, is_new] = ledger_.know(tid, 0);
  fill_.threads.push_back({thread, tid, std::string(name)});
}

void SamplePipeline::on_exec() {
  // The new program has other code and other threads; what the old one had used stays as it was accounted.
  counts_.execs++;
  modules_.reset_after_exec();
  unwinder_.flush();
  mappings_changed_ = true;
  last_refresh_ns_ = 0;
  for (const pid_t tid : ledger_.tids()) ledger_.restart(tid, thread_cpu_ns(pid_, tid).value_or(0));
}

}  // namespace prof
