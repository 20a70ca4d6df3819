// What a thread's kernel stacks carry is held to its system time; the sum of the parts is what was given.
#include "table/mode_split.h"

#include <cstdio>
#include <cstdlib>

namespace {

constexpr uint32_t kUser = 3;
constexpr uint32_t kCaller = 4;
constexpr uint32_t kKernel = 5;  // kCaller with its kernel part

void expect(const char* what, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %lu, expected %lu\n", what, actual, expected);
  std::exit(1);
}

struct Sums {
  uint64_t kernel = 0;
  uint64_t user = 0;
  uint64_t caller = 0;
};

void give(prof::ModeSplit& split, Sums& sums, uint32_t stack) {
  const auto parts = split.split(7, stack, 100);
  expect("nothing is lost", parts.weight_ns + parts.user_weight_ns, 100);
  (stack == kKernel ? sums.kernel : sums.user) += parts.weight_ns;
  (parts.user_stack == kCaller ? sums.caller : sums.user) += parts.user_weight_ns;
}

void too_many_kernel_samples_are_held_to_the_clock() {
  prof::ModeSplit split;
  Sums sums;
  prof::ModeTimes times{5000, 5000};
  for (int i = 0; i < 1000; i++) {
    times.user += 6;
    times.system += 4;
    const bool in_kernel = i % 10 != 0;
    split.see(7, in_kernel ? kKernel : kUser, in_kernel ? kCaller : kUser, times);
    give(split, sums, in_kernel ? kKernel : kUser);
  }
  expect("nine samples in ten, four parts in ten", (sums.kernel + 500) / 1000, 40);
  expect("the rest is the user code's", (sums.user + 500) / 1000, 60);
  expect("not the caller's", sums.caller, 0);
}

void too_few_kernel_samples_stay_as_they_are() {
  prof::ModeSplit split;
  Sums sums;
  prof::ModeTimes times;
  for (int i = 0; i < 1000; i++) {
    // Page faults: system time that samples find in user code.
    times.user += 5;
    times.system += 5;
    const bool in_kernel = i % 10 == 9;
    split.see(7, in_kernel ? kKernel : kUser, in_kernel ? kCaller : kUser, times);
    give(split, sums, in_kernel ? kKernel : kUser);
  }
  expect("one sample in ten", sums.kernel, 10'000);
}

void without_user_samples_the_rest_is_the_caller_s() {
  prof::ModeSplit split;
  Sums sums;
  split.see(7, kKernel, kCaller, {0, 0});
  give(split, sums, kKernel);
  expect("no clock yet", sums.kernel, 100);
  split.see(7, kKernel, kCaller, {10, 10});
  give(split, sums, kKernel);
  expect("half of all is the kernel's", sums.kernel, 100);
  expect("half the caller's", sums.caller, 100);
}

void an_unknown_thread_keeps_its_weight() {
  prof::ModeSplit split;
  const auto parts = split.split(7, kKernel, 100);
  expect("all", parts.weight_ns, 100);
  expect("nothing elsewhere", parts.user_weight_ns, 0);
}

}  // namespace

int main() {
  too_many_kernel_samples_are_held_to_the_clock();
  too_few_kernel_samples_stay_as_they_are();
  without_user_samples_the_rest_is_the_caller_s();
  an_unknown_thread_keeps_its_weight();
  std::puts("ok");
}
