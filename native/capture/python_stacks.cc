#include "capture/python_stacks.h"

#include <sys/uio.h>

#include "capture/payload/python_walk.h"
#include "capture/thread_ids.h"

namespace prof {
namespace {

constexpr size_t kMostThreads = 4096;

struct OutsideMemory {
  pid_t pid;

  long read(void* into, const payload::PythonScratch::Piece* pieces, uint32_t count) const {
    static_assert(sizeof(payload::PythonScratch::Piece) == sizeof(iovec));
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) bytes += pieces[i].size;
    const iovec local{into, bytes};
    return process_vm_readv(pid, &local, 1, reinterpret_cast<const iovec*>(pieces), count, 0);
  }
};

}  // namespace

void PythonStacks::set_target(const std::optional<payload::PythonTarget>& target) {
  const std::lock_guard lock(mutex_);
  target_ = target;
  threads_.clear();
}

std::optional<payload::PythonTarget> PythonStacks::target() const {
  const std::lock_guard lock(mutex_);
  return target_;
}

PythonStack PythonStacks::read(pid_t tid) {
  const std::lock_guard lock(mutex_);
  if (!target_) return {};
  if (threads_.size() >= kMostThreads) threads_.clear();
  Known& known = threads_[tid];
  if (known.own_tid == 0) known.own_tid = innermost_id(pid_, tid);
  PythonStack stack;
  payload::PythonSample sample;
  payload::PythonScratch scratch;
  payload::PythonWalk walk(*target_, OutsideMemory{pid_}, scratch);
  stack.seen = walk.walk(known.own_tid, known.state, sample);
  stack.frames.assign(sample.frames, sample.frames + (stack.seen & 0xffff));
  stack.texts.assign(sample.texts, sample.texts + payload::text_count(sample.texts));
  return stack;
}

}  // namespace prof
