// Starting, replacing and stopping the engine of a session, and what that means for the books: each engine explains the
// CPU time between its own two cuts.
#include "base/clock.h"
#include "capture/ctimer_engine.h"
#include "capture/perf_engine.h"
#include "capture/snapshot_engine.h"
#include "capture/wall_engine.h"
#include "proc/maps.h"
#include "session.h"

namespace prof {
namespace {

constexpr std::chrono::milliseconds kTablePatience{2000};
// Looking up the rules of a stack without tables takes a tenth of a millisecond or more.
constexpr uint64_t kHurriedPeriodNs = 2'000'000;

}  // namespace

std::unique_ptr<Engine> Session::make_engine(EngineKind kind) const {
  if (kind == EngineKind::snapshots) return std::make_unique<SnapshotEngine>();
  if (kind == EngineKind::ctimer) return std::make_unique<CtimerEngine>(timers_);
  if (kind == EngineKind::wall) return std::make_unique<WallEngine>();
  return std::make_unique<PerfEngine>();
}

StartResult Session::start(EngineKind kind, uint64_t period_ns) {
  StartResult result;
  on_drain_thread([&] {
    EngineConfig config;
    config.pid = pid_;
    config.period_ns = period_ns;
    config.python = &pipeline_.python_stacks();
    config.user_only = kind == EngineKind::perf_user_only;
    config.stack_bytes = config_.pid == 0 ? config.stack_bytes : config_.stack_bytes;
    config.follows_frame_pointers = config_.follows_frame_pointers;
    // At a high rate the rings would fill while tables are built, or rules looked up without them.
    const bool in_a_hurry = period_ns < kHurriedPeriodNs;
    // The rings of perf_events wait until modules and runtimes are known; other engines need to know them.
    const bool opens_first = !in_a_hurry && (kind == EngineKind::perf || kind == EngineKind::perf_user_only);
    int maps_error = opens_first ? read_maps(pid_).refusal() : pipeline_.load_modules(kTablePatience, in_a_hurry);
    config.kernel_walks_user = maps_error != 0;
    const bool is_same = engine_ && kind_ == EngineKind::ctimer && kind == EngineKind::ctimer;
    result = is_same ? replace_ctimer(config, starts_) : open_engine(kind, config, starts_);
    if (opens_first && !result.refusal) {
      maps_error = pipeline_.load_modules(kTablePatience, in_a_hurry);
      drained_from_ns_ = monotonic_ns();
      publish();
    }
    result.maps_error = maps_error;
    if (!result.refusal) starts_++;
  });
  return result;
}

StartResult Session::open_engine(EngineKind kind, const EngineConfig& config, uint32_t span) {
  auto next = make_engine(kind);
  StartResult result;
  result.refusal = next->open(config);
  if (result.refusal) return result;
  result.limits = next->limits();
  if (kind == EngineKind::ctimer) {
    timers_ = static_cast<const CtimerEngine&>(*next).timers();
  }
  if (!engine_) begin_books();
  // Both engines are armed for a moment, so nothing falls between.
  next->arm();
  const uint64_t cut_ns = monotonic_ns();
  if (engine_) close_engine(cut_ns, kind);
  pipeline_.set_window({engine_ ? cut_ns : 0, UINT64_MAX, span});
  engine_.reset();
  pipeline_.set_period(config.period_ns);
  result.at_cut = make_state();
  result.at_cut.elapsed_ns = cut_ns - start_ns_;
  engine_ = std::move(next);
  limits_ = result.limits;
  config_ = config;
  kind_ = kind;
  span_ = span;
  lost_at_settle_ = 0;
  suspected_.reset();
  failure_.reset();
  stopped_ns_.reset();
  drained_from_ns_ = cut_ns;
  polled_ = engine_->wake_fds();
  counts_at_growth_ = pipeline_.counts();
  pair_clocks();
  publish();
  return result;
}

/// Two timers in one target would cost it interrupted calls: the old one goes before the new one comes.
StartResult Session::replace_ctimer(const EngineConfig& config, uint32_t span) {
  const EngineConfig before = config_;
  close_engine(monotonic_ns(), EngineKind::ctimer);
  engine_.reset();
  StartResult result = open_engine(EngineKind::ctimer, config, span);
  // Refused: on as it was. If that fails too, no engine runs, and that is told.
  if (result.refusal) failure_ = open_engine(EngineKind::ctimer, before, span_).refusal;
  return result;
}

/// No engine runs: what was used until now is not for the next one to explain.
void Session::begin_books() {
  const auto clock = clock_around([this] { pipeline_.change_engine(pipeline_.read_thread_clocks(), false, false); });
  engine_base_ns_ = clock.value_or(cpu_base_ns_ + cpu_ns_);
  if (!is_accounting_) cpu_base_ns_ = engine_base_ns_;
  is_accounting_ = true;
  cpu_ns_ = engine_base_ns_ - cpu_base_ns_;
}

/// The old engine explains all CPU time up to the cut, and nothing after it.
void Session::close_engine(uint64_t cut_ns, EngineKind next) {
  std::vector<ThreadClock> clocks;
  const auto clock = clock_around([&] { clocks = pipeline_.read_thread_clocks(); });
  engine_->disarm();
  pipeline_.set_window({0, cut_ns, span_});
  engine_->drain(pipeline_);
  const uint64_t seen_ns = clock.value_or(cpu_base_ns_ + cpu_ns_);
  if (clock) settle(clocks, seen_ns);
  const uint64_t cpu_ns = brought_up_to_date(seen_ns);
  pipeline_.change_engine(clocks, carries_all(kind_), next == kind_);
  closed_loss_ = closed_loss_ + engine_->loss();
  engine_base_ns_ = cpu_ns;
  cpu_ns_ = cpu_ns - cpu_base_ns_;
}

void Session::stop() {
  on_drain_thread([this] {
    if (!engine_) return;
    engine_->disarm();
    // Up to here it saw all; what it takes to drain is not the target's time to be explained.
    stopped_ns_ = monotonic_ns();
    engine_->drain(pipeline_);
    pipeline_.follow_mappings();
    if (!has_exited_) {
      if (const auto clock = clock_around([this] { settle(); })) cpu_ns_ = brought_up_to_date(*clock) - cpu_base_ns_;
    }
    closed_loss_ = closed_loss_ + engine_->loss();
    engine_.reset();
    suspected_.reset();
    failure_.reset();
    publish();
  });
}

}  // namespace prof
