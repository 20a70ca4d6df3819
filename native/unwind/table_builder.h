// Compiles call-frame tables in a thread of its own, in the order asked for. Knows no processes and no files.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "unwind/cfi_table.h"
#include "unwind/module_image.h"

namespace prof {

struct BuiltTable {
  uint32_t module = 0;
  std::unique_ptr<const CfiTable> table;
};

class TableBuilder {
 public:
  TableBuilder() = default;
  TableBuilder(const TableBuilder&) = delete;
  TableBuilder& operator=(const TableBuilder&) = delete;
  /// Drops what is queued, waits for the table being built.
  ~TableBuilder();

  /// The image is only read, and let go before its table is handed out by take_built().
  void enqueue(uint32_t module, std::shared_ptr<const ModuleImage> image);
  /// Tables finished since the last call. Never waits for a build.
  [[nodiscard]] std::vector<BuiltTable> take_built();
  /// Until everything queued is built, or the time is over.
  void wait_idle(std::chrono::milliseconds timeout);

 private:
  struct Job {
    uint32_t module = 0;
    std::shared_ptr<const ModuleImage> image;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Job> queue_;          // under mutex_
  std::vector<BuiltTable> built_;  // under mutex_
  size_t unfinished_ = 0;          // under mutex_: queued or being built
  bool stopping_ = false;          // under mutex_
  std::thread thread_;             // started by the first enqueue, so an idle session has no thread
};

}  // namespace prof
