#include "table/thread_ledger.h"

#include <algorithm>

namespace prof {
namespace {

// Below this the rest of a period would be taken for a scale.
constexpr uint64_t kEnoughToScaleNs = 300'000'000;
constexpr double kSmallestScale = 0.5;
constexpr double kLargestScale = 1.8;

double ratio_of(uint64_t used_ns, uint64_t measured_ns) {
  return std::clamp(static_cast<double>(used_ns) / static_cast<double>(measured_ns), kSmallestScale, kLargestScale);
}

}  // namespace

ThreadLedger::Known ThreadLedger::know(pid_t tid, uint64_t used_before_ns) {
  const auto [entry, is_new] = accounts_.try_emplace(tid);
  if (is_new) {
    entry->second.thread = next_thread_++;
    entry->second.base_ns = used_before_ns;
  }
  return {entry->second.thread, is_new};
}

uint64_t ThreadLedger::book_sample(pid_t tid, uint32_t stack, uint64_t weight_ns) {
  Account& account = accounts_[tid];
  account.measured_ns += weight_ns;
  measured_ns_ += weight_ns;
  const double scale = account.scale > 0 ? account.scale : scale_;
  const auto scaled = static_cast<uint64_t>(static_cast<double>(weight_ns) * scale);
  const uint64_t already = std::min(account.advance_ns, scaled);
  account.advance_ns -= already;
  account.carried_ns += scaled - already;
  carried_ns_ += scaled - already;
  account.last_stack = stack;
  return scaled - already;
}

uint64_t ThreadLedger::book_clock(pid_t tid, uint32_t stack, uint64_t used_ns) {
  Account& account = accounts_[tid];
  const uint64_t used = used_ns - std::min(used_ns, account.base_ns);
  const uint64_t weight = used - std::min(used, account.carried_ns);
  // Tails are part of what is carried, so the clock says by itself what they gave ahead.
  account.advance_ns = 0;
  account.measured_ns = std::max(account.measured_ns, used);
  account.carried_ns += weight;
  carried_ns_ += weight;
  account.last_stack = stack;
  return weight;
}

ThreadLedger::Tail ThreadLedger::settle(pid_t tid, uint64_t used_ns, uint64_t limit_ns) {
  const auto found = accounts_.find(tid);
  if (found == accounts_.end() || found->second.last_stack == 0) return {tid, 0, 0, 0};
  Account& account = found->second;
  const uint64_t used = used_ns - std::min(used_ns, account.base_ns);
  if (account.measured_ns >= kEnoughToScaleNs) account.scale = ratio_of(used, account.measured_ns + period_ns_ / 2);
  if (used < account.carried_ns) {
    // The scale was a little high: the next samples give it back.
    const uint64_t over = account.carried_ns - used;
    account.advance_ns = std::max(account.advance_ns, over);
    return {tid, 0, 0, 0};
  }
  const uint64_t recent = used - std::min(used, account.settled_used_ns);
  const uint64_t confirmed = account.measured_ns > account.settled_measured_ns ? recent : 0;
  account.settled_used_ns = used;
  account.settled_measured_ns = account.measured_ns;
  const uint64_t room = confirmed + (limit_ns - std::min(limit_ns, account.advance_ns));
  const uint64_t rest = std::min(used - account.carried_ns, room);
  account.carried_ns += rest;
  carried_ns_ += rest;
  account.advance_ns += rest;
  return {tid, account.thread, account.last_stack, rest};
}

void ThreadLedger::end_round(uint64_t process_ns) {
  const uint64_t measured = measured_ns_ - scale_measured_from_ns_;
  if (measured < kEnoughToScaleNs || process_ns < scale_used_from_ns_) return;
  const auto sampled = std::count_if(accounts_.begin(), accounts_.end(), [](const auto& entry) {
    return entry.second.measured_ns > 0 && !entry.second.is_gone;
  });
  scale_ = ratio_of(process_ns - scale_used_from_ns_, measured + static_cast<uint64_t>(sampled) * period_ns_ / 2);
}

void ThreadLedger::restart_scale(uint64_t process_ns) {
  scale_measured_from_ns_ = measured_ns_;
  scale_used_from_ns_ = process_ns;
}

ThreadLedger::Tail ThreadLedger::end(pid_t tid, uint64_t tail_ns) {
  measured_ns_ += tail_ns;
  const auto found = accounts_.find(tid);
  if (found == accounts_.end()) return {tid, 0, 0, tail_ns};
  Account& account = found->second;
  const uint64_t already = std::min(account.advance_ns, tail_ns);
  account.advance_ns -= already;
  account.carried_ns += tail_ns - already;
  carried_ns_ += tail_ns - already;
  return {tid, account.thread, account.last_stack, tail_ns - already};
}

uint64_t ThreadLedger::ended_rest_ns(uint64_t process_ns) const {
  uint64_t known = carried_ns_ + forgiven_ns_;
  for (const auto& [tid, account] : accounts_) known += account.is_gone ? 0 : account.rest_ns();
  return process_ns - std::min(process_ns, known);
}

std::vector<ThreadLedger::Tail> ThreadLedger::settle_ended(uint64_t process_ns, uint64_t limit_ns) {
  auto tails = part(ended_rest_ns(process_ns), limit_ns, true);
  for (const Tail& tail : tails) {
    accounts_.at(tail.tid).carried_ns += tail.weight_ns;
    carried_ns_ += tail.weight_ns;
  }
  return tails;
}

void ThreadLedger::forgive_ended(uint64_t process_ns) { forgiven_ns_ += ended_rest_ns(process_ns); }

std::vector<ThreadLedger::Tail> ThreadLedger::close(uint64_t used_ns, uint64_t limit_ns) {
  auto tails = part(used_ns - std::min(used_ns, carried_ns_), limit_ns, false);
  if (!tails.empty()) carried_ns_ = used_ns;
  return tails;
}

std::vector<ThreadLedger::Tail> ThreadLedger::part(uint64_t gap_ns, uint64_t limit_ns, bool only_gone) {
  std::vector<Tail> tails;
  const auto takes = [only_gone](const Account& account) {
    return account.last_stack != 0 && (account.is_gone || !only_gone);
  };
  uint64_t carried = 0;
  for (const auto& [tid, account] : accounts_) carried += takes(account) ? account.carried_ns : 0;
  if (gap_ns == 0 || carried == 0) return tails;
  for (const auto& [tid, account] : accounts_) {
    if (!takes(account)) continue;
    const double share = static_cast<double>(account.carried_ns) / static_cast<double>(carried);
    const auto weight = static_cast<uint64_t>(static_cast<double>(gap_ns) * share);
    tails.push_back({tid, account.thread, account.last_stack, std::min(weight, limit_ns)});
  }
  return tails;
}

void ThreadLedger::exec(pid_t leader, uint64_t used_ns) {
  const auto own = accounts_.find(leader);
  if (own == accounts_.end() || accounts_.size() == 1) return;
  auto heir = accounts_.end();
  for (auto entry = accounts_.begin(); entry != accounts_.end(); ++entry) {
    const uint64_t seen = entry->second.seen_ns();
    if (seen <= used_ns && (heir == accounts_.end() || seen > heir->second.seen_ns())) heir = entry;
  }
  if (heir == own) return;
  Account next;
  next.base_ns = used_ns;
  if (heir != accounts_.end()) {
    next = heir->second;
    accounts_.erase(heir);
  }
  Account& kept = accounts_.at(leader);
  next.thread = kept.thread;
  next.is_gone = false;
  kept = next;
}

void ThreadLedger::change_engine(std::span<const ThreadClock> clocks, bool carried_all, bool keeps_scales) {
  for (const auto& [tid, used_ns] : clocks) {
    const auto found = accounts_.find(tid);
    if (found == accounts_.end()) continue;
    const Account& old = found->second;
    Account next;
    next.thread = old.thread;
    next.last_stack = old.last_stack;
    next.base_ns = carried_all || !used_ns ? old.base_ns + old.carried_ns : *used_ns;
    next.scale = keeps_scales ? old.scale : 0;
    next.is_gone = old.is_gone;
    found->second = next;
  }
  carried_ns_ = 0;
  measured_ns_ = 0;
  scale_measured_from_ns_ = 0;
  scale_used_from_ns_ = 0;
  forgiven_ns_ = 0;
  if (!keeps_scales) scale_ = 1.0;
}

void ThreadLedger::forgive(pid_t tid, uint64_t used_ns) {
  const auto found = accounts_.find(tid);
  if (found == accounts_.end() || used_ns <= found->second.carried_ns) return;
  found->second.base_ns = used_ns - found->second.carried_ns;
}

void ThreadLedger::mark_gone(pid_t tid) {
  const auto found = accounts_.find(tid);
  if (found == accounts_.end()) return;
  if (found->second.is_gone) accounts_.erase(found);
  else found->second.is_gone = true;
}

std::vector<pid_t> ThreadLedger::tids() const {
  std::vector<pid_t> tids;
  tids.reserve(accounts_.size());
  for (const auto& [tid, account] : accounts_) tids.push_back(tid);
  return tids;
}

}  // namespace prof
