#include "table/mode_split.h"

#include <algorithm>

namespace prof {

void ModeSplit::see(pid_t tid, uint32_t stack, uint32_t user_part, ModeTimes times) {
  const auto [entry, is_new] = threads_.try_emplace(tid);
  Thread& thread = entry->second;
  if (is_new) thread.base = times;
  thread.now = times;
  const bool in_kernel = stack != user_part;
  thread.kernel_stack = in_kernel ? stack : 0;
  if (in_kernel && thread.has_user_sample) return;
  thread.user_stack = user_part;
  thread.has_user_sample = !in_kernel;
}

ModeSplit::Parts ModeSplit::split(pid_t tid, uint32_t stack, uint64_t weight_ns) {
  const auto found = threads_.find(tid);
  if (found == threads_.end()) return {stack, weight_ns, 0, 0};
  Thread& thread = found->second;
  thread.carried_ns += weight_ns;
  if (stack != thread.kernel_stack || thread.user_stack == 0) return {stack, weight_ns, 0, 0};
  const uint64_t user = thread.now.user - std::min(thread.now.user, thread.base.user);
  const uint64_t system = thread.now.system - std::min(thread.now.system, thread.base.system);
  // Before the clocks have moved there is nothing to hold the samples to.
  if (user + system == 0) {
    thread.carried_kernel_ns += weight_ns;
    return {stack, weight_ns, 0, 0};
  }
  const double share = static_cast<double>(system) / static_cast<double>(user + system);
  const auto allowed = static_cast<uint64_t>(static_cast<double>(thread.carried_ns) * share);
  const uint64_t room = allowed - std::min(allowed, thread.carried_kernel_ns);
  const uint64_t kernel = std::min(room, weight_ns);
  thread.carried_kernel_ns += kernel;
  return {stack, kernel, thread.user_stack, weight_ns - kernel};
}

}  // namespace prof
