// The ledger's promise: what samples and rests carry is the CPU time of the thread, neither more nor less, and time
// that was lost turns up nowhere.
#include "table/thread_ledger.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

void expect(const char* what, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %lu, expected %lu\n", what, actual, expected);
  std::exit(1);
}

constexpr uint64_t kNoLimit = UINT64_MAX;

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

void time_that_events_do_not_count_scales_the_weights() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  uint64_t carried = ledger.book_sample(7, 3, 1'000'000'000);
  carried += ledger.settle(7, 1'250'000'000, kNoLimit).weight_ns;
  expect("settled", carried, 1'250'000'000);
  // The rest just given comes off first; what follows is scaled by 1.25.
  carried += ledger.book_sample(7, 3, 1'000'000'000);
  expect("scaled", carried, 2'250'000'000);
  carried += ledger.book_sample(7, 3, 1'000'000'000);
  expect("scaled again", carried, 3'500'000'000);
  // Too much: the next samples give it back.
  expect("no rest", ledger.settle(7, 3'400'000'000, kNoLimit).weight_ns, 0);
  carried += ledger.book_sample(7, 3, 500'000'000);
  carried += ledger.settle(7, 4'000'000'000, kNoLimit).weight_ns;
  expect("in the end", carried, 4'000'000'000);
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

void the_last_moments_of_a_process_go_to_its_last_threads() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.know(8, 0);
  ledger.know(9, 0);
  ledger.book_sample(7, 3, 300);
  ledger.book_sample(8, 4, 100);
  uint64_t given = 0;
  for (const auto& tail : ledger.close(440, kNoLimit)) given += tail.weight_ns;
  expect("the gap", given, 40);
  expect("nothing is left", ledger.close(440, kNoLimit).size(), 0);
}

void lost_time_is_not_given_to_another_stack() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 100);
  ledger.forgive(7, 900);
  expect("forgiven", ledger.settle(7, 900, kNoLimit).weight_ns, 0);
  expect("later time still counts", ledger.settle(7, 910, kNoLimit).weight_ns, 10);
}

void all_threads_together_scale_those_that_say_little() {
  prof::ThreadLedger ledger;
  for (int tid = 1; tid <= 10; tid++) {
    ledger.know(tid, 0);
    ledger.book_sample(tid, 3, 80'000'000);
    ledger.end(tid, 20'000'000);
  }
  ledger.end_round(1'200'000'000);
  ledger.know(11, 0);
  expect("scaled by 1.2", ledger.book_sample(11, 3, 100), 120);
  ledger.restart_scale(2'000'000'000);
  ledger.end_round(9'000'000'000);
  expect("what was lost scales nothing", ledger.book_sample(11, 3, 100), 120);
}

void what_has_passed_since_the_last_sample_scales_nothing() {
  prof::ThreadLedger ledger;
  ledger.set_period(1'000'000);
  for (int tid = 1; tid <= 50; tid++) {
    ledger.know(tid, 0);
    ledger.book_sample(tid, 3, 10'000'000);
  }
  ledger.end_round(50 * 10'500'000);
  ledger.know(60, 0);
  expect("of all threads", ledger.book_sample(60, 3, 1000), 1000);
  ledger.know(61, 0);
  ledger.book_sample(61, 3, 400'000'000);
  ledger.settle(61, 400'500'000, kNoLimit);
  ledger.settle(61, 400'500'000, kNoLimit);
  expect("of one: the rest comes off first", ledger.book_sample(61, 3, 1'000'000), 500'000);
  expect("of one", ledger.book_sample(61, 3, 1000), 1000);
}

void a_thread_that_is_seen_no_more_does_not_look_busy() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  uint64_t carried = ledger.book_sample(7, 3, 100);
  for (uint64_t used = 200; used <= 2000; used += 100) carried += ledger.settle(7, used, 30).weight_ns;
  expect("no more than what the last sample confirms", carried, 200);
}

void an_exec_keeps_the_account_of_its_thread() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 1000);
  ledger.exec(7, 1200);
  expect("the rest up to the exec is not lost", ledger.settle(7, 1250, kNoLimit).weight_ns, 250);
}

void an_exec_by_another_thread_gives_it_the_leaders_id() {
  prof::ThreadLedger ledger;
  for (const auto& [tid, used] : {std::pair{7, 40}, {8, 9000}, {9, 500}}) {
    ledger.know(tid, 0);
    ledger.book_sample(tid, 3, static_cast<uint64_t>(used));
    ledger.settle(tid, static_cast<uint64_t>(used), kNoLimit);
  }
  ledger.exec(7, 520);
  expect("what 9 has not carried yet", ledger.settle(7, 530, kNoLimit).weight_ns, 30);
  expect("under the leader's own index", ledger.know(7, 0).thread, 0);
  expect("samples go on", ledger.book_sample(7, 4, 80), 50);
}

void an_engine_that_takes_over_gives_nothing_back_and_takes_nothing_twice() {
  prof::ThreadLedger ledger;
  ledger.know(7, 1000);
  uint64_t carried = ledger.book_sample(7, 3, 100);
  carried += ledger.settle(7, 1140, kNoLimit).weight_ns;
  const prof::ThreadClock clocks[] = {{7, 1140}};
  ledger.change_engine(clocks, true, true);
  // The new engine counts from the cut: the rest that was given ahead is no part of its first sample.
  carried += ledger.book_sample(7, 4, 100);
  expect("both whole", carried, 240);
  expect("nothing is left", ledger.settle(7, 1240, kNoLimit).weight_ns, 0);
  expect("the next rest", ledger.settle(7, 1250, kNoLimit).weight_ns, 10);
  expect("a close looks at the new engine alone", ledger.close(110, kNoLimit).size(), 0);
}

void what_a_full_engine_left_is_still_to_be_carried() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  const prof::ThreadClock clocks[] = {{7, 30}};
  ledger.change_engine(clocks, true, false);
  uint64_t carried = ledger.book_sample(7, 3, 20);
  carried += ledger.settle(7, 50, kNoLimit).weight_ns;
  expect("first sampled by the second engine", carried, 50);
}

void what_a_user_only_engine_left_out_is_no_rest_and_no_scale() {
  prof::ThreadLedger ledger;
  ledger.know(7, 0);
  ledger.book_sample(7, 3, 400'000'000);
  const prof::ThreadClock clocks[] = {{7, 1'000'000'000}};
  ledger.change_engine(clocks, false, false);
  expect("no rest", ledger.settle(7, 1'000'000'000, kNoLimit).weight_ns, 0);
  expect("no scale", ledger.book_sample(7, 3, 100), 100);
  expect("its own rest", ledger.settle(7, 1'000'000'130, kNoLimit).weight_ns, 30);
}

void a_scale_lives_as_long_as_its_kind_of_engine() {
  const prof::ThreadClock clocks[] = {{7, 1'250'000'000}};
  for (const bool is_kept : {true, false}) {
    prof::ThreadLedger ledger;
    ledger.know(7, 0);
    ledger.book_sample(7, 3, 1'000'000'000);
    ledger.settle(7, 1'250'000'000, kNoLimit);
    ledger.change_engine(clocks, true, is_kept);
    expect("scaled", ledger.book_sample(7, 3, 100), is_kept ? 125 : 100);
  }
}

void a_sample_that_tells_its_threads_clock_carries_all_up_to_it() {
  prof::ThreadLedger ledger;
  ledger.know(7, 1000);
  expect("since it was known", ledger.book_clock(7, 3, 1100), 100);
  expect("rest", ledger.settle(7, 1140, kNoLimit).weight_ns, 40);
  expect("since the rest", ledger.book_clock(7, 4, 1200), 60);
  expect("a clock that is behind carries nothing", ledger.book_clock(7, 4, 1190), 0);
  expect("no scale", ledger.book_clock(7, 4, 1'500'001'200), 1'500'000'000);
  expect("in all", ledger.carried_ns(), 1'500'000'200);
}

void time_of_ended_threads_is_what_the_clocks_of_the_living_do_not_hold() {
  prof::ThreadLedger ledger;
  for (const int tid : {7, 8, 9}) ledger.know(tid, 0);
  ledger.book_clock(7, 3, 100);
  ledger.book_clock(8, 4, 300);
  ledger.book_clock(9, 5, 100);
  // 7 lives and has a rest too long to be given; 8 and 9 have ended.
  ledger.settle(7, 100, 50);
  expect("limited", ledger.settle(7, 190, 50).weight_ns, 50);
  expect("nobody has ended", ledger.settle_ended(700, kNoLimit).size(), 0);
  ledger.mark_gone(8);
  ledger.mark_gone(9);
  uint64_t given[10] = {};
  for (const auto& tail : ledger.settle_ended(670, 50)) given[tail.tid] = tail.weight_ns;
  expect("of 80, three quarters, limited", given[8], 50);
  expect("a quarter", given[9], 20);
  expect("none to the living", given[7], 0);
  ledger.forgive_ended(690);
  for (const auto& tail : ledger.settle_ended(690, kNoLimit)) expect("lost is lost", tail.weight_ns, 0);
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
  time_that_events_do_not_count_scales_the_weights();
  a_thread_without_samples_has_no_stack_to_carry_its_time();
  the_end_of_a_thread_is_counted_once();
  the_last_moments_of_a_process_go_to_its_last_threads();
  lost_time_is_not_given_to_another_stack();
  all_threads_together_scale_those_that_say_little();
  what_has_passed_since_the_last_sample_scales_nothing();
  a_thread_that_is_seen_no_more_does_not_look_busy();
  an_exec_keeps_the_account_of_its_thread();
  an_exec_by_another_thread_gives_it_the_leaders_id();
  an_engine_that_takes_over_gives_nothing_back_and_takes_nothing_twice();
  what_a_full_engine_left_is_still_to_be_carried();
  what_a_user_only_engine_left_out_is_no_rest_and_no_scale();
  a_scale_lives_as_long_as_its_kind_of_engine();
  a_sample_that_tells_its_threads_clock_carries_all_up_to_it();
  time_of_ended_threads_is_what_the_clocks_of_the_living_do_not_hold();
  a_reused_tid_is_another_thread();
  std::puts("ok");
  return 0;
}
