// The ledger's promise: what samples and rests carry is the CPU time of the thread, neither more nor less, and time
// that was lost turns up nowhere.
#include "table/thread_ledger.h"

#include <cstdio>
#include <cstdlib>

namespace {

void expect(const char* what, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %lu, expected %lu\n", what, actual, expected);
  std::exit(1);
}

constexpr uint64_t kNoLimit = UINT64_MAX / 2;

void rest_goes_to_the_last_stack_and_comes_off_the_next_sample() {
  prof::ThreadLedger ledger;
  expect("first thread", ledger.know(7, 1000).thread, 0);
  expect("sample", ledger.book_sample(7, 3, 100), 100);
  const auto tail = ledger.settle(7, 1140, kNoLimit);
  expect("rest", tail.weight_ns, 40);
  expect("its stack", tail.stack, 3);
  expect("next sample", ledger.book_sample(7, 4, 100), 60);
  expect("nothing left", ledger.settle(7, 1200, kNoLimit).weight_ns, 0);
}

void a_rest_is_bounded() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 100);
  expect("bounded rest", ledger.settle(7, 1000, 50).weight_ns, 50 + 1000 / 8);
}

void a_thread_without_samples_has_no_stack_to_carry_its_time() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  expect("no stack, no rest", ledger.settle(7, 500, kNoLimit).weight_ns, 0);
  const auto unknown = ledger.end(8, 30);
  expect("never seen: weight", unknown.weight_ns, 30);
  expect("never seen: stack", unknown.stack, 0);
}

void the_end_of_a_thread_is_counted_once() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 100);
  expect("settled", ledger.settle(7, 130, kNoLimit).weight_ns, 30);
  expect("end takes off what was settled", ledger.end(7, 45).weight_ns, 15);
  expect("a second counter's rest is its own", ledger.end(7, 5).weight_ns, 5);
}

void lost_time_is_not_given_to_another_stack() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 100);
  ledger.forgive(7, 900);
  expect("forgiven", ledger.settle(7, 900, kNoLimit).weight_ns, 0);
  expect("later time still counts", ledger.settle(7, 910, kNoLimit).weight_ns, 10);
}

void a_reused_tid_is_another_thread() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.mark_gone(7);
  expect("records may still come", ledger.know(7, 0).thread, 0);
  ledger.mark_gone(7);
  expect("reused", ledger.know(7, 0).thread, 1);
}

}  // namespace

int main() {
  rest_goes_to_the_last_stack_and_comes_off_the_next_sample();
  a_rest_is_bounded();
  a_thread_without_samples_has_no_stack_to_carry_its_time();
  the_end_of_a_thread_is_counted_once();
  lost_time_is_not_given_to_another_stack();
  a_reused_tid_is_another_thread();
  std::puts("ok");
  return 0;
}
