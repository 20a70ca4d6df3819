// A queue, one thread, a shelf of finished tables.
#include "unwind/table_builder.h"

#include <utility>

namespace prof {

TableBuilder::~TableBuilder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TableBuilder::enqueue(uint32_t module, std::shared_ptr<const ModuleImage> image) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({module, std::move(image)});
    ++unfinished_;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake_.notify_one();
}

std::vector<BuiltTable> TableBuilder::take_built() {
  const std::lock_guard lock(mutex_);
  return std::exchange(built_, {});
}

void TableBuilder::wait_idle(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  idle_.wait_for(lock, timeout, [this] { return unfinished_ == 0; });
}

void TableBuilder::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    BuiltTable built{job.module, std::make_unique<const CfiTable>(*job.image)};
    job.image.reset();
    lock.lock();
    built_.push_back(std::move(built));
    if (--unfinished_ == 0) idle_.notify_all();
  }
}

}  // namespace prof
