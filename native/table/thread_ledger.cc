#include "table/thread_ledger.h"

#include <algorithm>

namespace prof {

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
  const uint64_t already = std::min(account.advance_ns, weight_ns);
  account.advance_ns -= already;
  account.carried_ns += weight_ns - already;
  account.last_stack = stack;
  return weight_ns - already;
}

ThreadLedger::Tail ThreadLedger::settle(pid_t tid, uint64_t used_ns, uint64_t limit_ns) {
  const auto found = accounts_.find(tid);
  if (found == accounts_.end() || found->second.last_stack == 0) return {tid, 0, 0, 0};
  Account& account = found->second;
  const uint64_t explained = account.base_ns + account.carried_ns;
  const uint64_t recent = used_ns - std::min(used_ns, std::max(account.used_ns, account.base_ns));
  account.used_ns = used_ns;
  const uint64_t rest = std::min(used_ns > explained ? used_ns - explained : 0, limit_ns + recent / 8);
  account.carried_ns += rest;
  account.advance_ns += rest;
  return {tid, account.thread, account.last_stack, rest};
}

ThreadLedger::Tail ThreadLedger::end(pid_t tid, uint64_t tail_ns) {
  const auto found = accounts_.find(tid);
  if (found == accounts_.end()) return {tid, 0, 0, tail_ns};
  Account& account = found->second;
  const uint64_t already = std::min(account.advance_ns, tail_ns);
  account.advance_ns -= already;
  account.carried_ns += tail_ns - already;
  return {tid, account.thread, account.last_stack, tail_ns - already};
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
