// Reading the target's mappings may hang (a file on a network that is gone). Linked with --wrap=open, so that opening
// /proc/PID/maps waits here for as long as the test wants: taking the batch, which JavaScript's thread does, must not
// wait with it.
#include "sample_pipeline.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <string_view>

#include "base/clock.h"

namespace {

std::atomic<bool> opening_hangs = false;
std::atomic<bool> is_hanging = false;

}  // namespace

extern "C" int __real_open(const char* path, int flags, ...);
extern "C" int __wrap_open(const char* path, int flags, ...) {
  if (std::string_view(path).ends_with("/maps")) {
    is_hanging = opening_hangs.load();
    opening_hangs.wait(true);
    is_hanging = false;
  }
  return __real_open(path, flags, 0);
}

int main() {
  prof::SamplePipeline pipeline(getpid(), prof::monotonic_ns());
  if (pipeline.load_modules(std::chrono::seconds(10), true) != 0) return 1;
  pipeline.hand_over();

  opening_hangs = true;
  std::thread drain([&] {
    pipeline.on_mappings_changed();
    // Mappings are read anew a few times a second.
    while (!is_hanging && opening_hangs) pipeline.follow_mappings();
    pipeline.follow_mappings();
  });
  while (!is_hanging) std::this_thread::yield();
  auto taken = std::async(std::launch::async, [&] { return pipeline.take_batch().modules.size(); });
  const bool came = taken.wait_for(std::chrono::seconds(20)) == std::future_status::ready && is_hanging;
  opening_hangs = false;
  opening_hangs.notify_all();
  drain.join();
  std::puts(!came ? "the batch could not be taken" : taken.get() == 0 ? "the modules are missing" : "ok");
}
