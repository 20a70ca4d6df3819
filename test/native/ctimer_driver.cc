// Drives the in-target engine without the rest of the program, many times in little time:
// ctimer_driver PID PERIOD_NS MS ROUNDS [per-thread] attaches for MS milliseconds of each round, detaches, and prints
// what it saw as one JSON line. `injector` must lie beside it under its own name.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "capture/ctimer_engine.h"

namespace {

class Counts final : public prof::SampleSink {
 public:
  void on_sample(const prof::RawSample& sample) override {
    samples++;
    // From its first sample on.
    const auto [seen, is_first] = used_ns.try_emplace(sample.tid, *sample.used_ns);
    const uint64_t weight = *sample.used_ns - seen->second;
    seen->second = *sample.used_ns;
    weight_ns += weight;
    if (sample.in_kernel) kernel_ns += weight;
    if (sample.stack.empty()) without_stack++;
  }
  void on_thread_tail(pid_t, uint64_t) override {}
  void on_thread_name(pid_t, std::string_view) override {}
  void on_mappings_changed() override {}
  void on_thread_gone(pid_t) override {}
  void on_exec() override { execs++; }

  uint64_t samples = 0, weight_ns = 0, kernel_ns = 0, without_stack = 0, execs = 0;
  std::unordered_map<pid_t, uint64_t> used_ns;  // by thread
};

void run(prof::CtimerEngine& engine, long ms, Counts& counts) {
  engine.arm();
  const uint64_t end = prof::monotonic_ns() + static_cast<uint64_t>(ms) * 1'000'000;
  while (prof::monotonic_ns() < end) {
    const timespec pause{0, 5'000'000};
    nanosleep(&pause, nullptr);
    engine.drain(counts);
  }
  engine.disarm();
  engine.drain(counts);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const long ms = strtol(argv[3], nullptr, 10);
  const long rounds = strtol(argv[4], nullptr, 10);
  using Timers = prof::CtimerEngine::Timers;
  const std::string wanted = argc > 5 ? argv[5] : "";
  Timers timers = wanted == "per-thread" ? Timers::per_thread : Timers::automatic;
  prof::EngineConfig config;
  config.pid = static_cast<pid_t>(strtol(argv[1], nullptr, 10));
  config.period_ns = strtoull(argv[2], nullptr, 10);
  Counts counts;
  std::string refusal = "";
  long refused = 0;
  uint64_t lost = 0;
  std::string failure = "";
  for (long i = 0; i < rounds; i++) {
    prof::CtimerEngine engine(timers);
    if (const auto no = engine.open(config)) {
      refused++;
      refusal = no->syscall + " " + std::to_string(no->error);
      continue;
    }
    // Found out once, as a session does.
    timers = engine.timers();
    run(engine, ms, counts);
    lost += engine.loss().lost;
    if (const auto failed = engine.failure()) failure = failed->syscall;
  }
  printf("{\"rounds\":%ld,\"refused\":%ld,\"refusal\":\"%s\",\"failure\":\"%s\",\"samples\":%llu,\"weightNs\":%llu,"
         "\"kernelNs\":%llu,\"withoutStack\":%llu,\"lost\":%llu,\"execs\":%llu,\"threads\":%zu,\"tids\":[",
         rounds, refused, refusal.c_str(), failure.c_str(), static_cast<unsigned long long>(counts.samples),
         static_cast<unsigned long long>(counts.weight_ns), static_cast<unsigned long long>(counts.kernel_ns),
         static_cast<unsigned long long>(counts.without_stack), static_cast<unsigned long long>(lost),
         static_cast<unsigned long long>(counts.execs), counts.used_ns.size());
  const char* separator = "";
  for (const auto& [tid, used_ns] : counts.used_ns) {
    printf("%s%d", separator, tid);
    separator = ",";
  }
  printf("]}\n");
  return 0;
}
