// Memory that can be read, and then cannot: of a process that ends, or of a heap that is given back.
#include "proc/recent_memory.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "fake_memory.h"

using prof::RecentMemory;

namespace {

constexpr uint64_t kBase = 0x7f00'0000'0000;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("%s\n", what);
  std::exit(1);
}

void pass(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

std::vector<std::byte> bytes_at(RecentMemory& recent, uint64_t address, size_t size) {
  std::vector<std::byte> bytes(size);
  bytes.resize(recent.read(address, bytes));
  return bytes;
}

FakeMemory counting() {
  FakeMemory memory;
  for (uint64_t at = 0; at < 8192; at++) memory.put(kBase + at, (at * 7) & 0xff, 1);
  return memory;
}

void tells_what_was_read() {
  FakeMemory memory = counting();
  RecentMemory recent(memory);
  const auto before = bytes_at(recent, kBase + 1000, 100);  // over the edge of a chunk
  expect(before.size() == 100, "what is there is read");
  memory.words.clear();
  expect(bytes_at(recent, kBase + 1000, 100) == before, "the same bytes after the end");
  expect(bytes_at(recent, kBase + 1050, 20) == std::vector(before.begin() + 50, before.begin() + 70), "a part of them");
  expect(bytes_at(recent, kBase + 999, 2).empty(), "nothing that begins before them");
  expect(bytes_at(recent, kBase + 1099, 2).empty(), "nothing that goes on behind them");
  expect(bytes_at(recent, kBase + 6000, 8).empty(), "nothing that was never read");
}

void tells_what_is_there_while_it_is() {
  FakeMemory memory = counting();
  RecentMemory recent(memory);
  (void)bytes_at(recent, kBase, 8);
  memory.put(kBase, 99, 1);
  expect(bytes_at(recent, kBase, 8).front() == std::byte{99}, "memory that can be read is read");
  memory.words.clear();
  expect(bytes_at(recent, kBase, 8).front() == std::byte{99}, "and remembered as it was last");
}

void tells_ranges() {
  FakeMemory memory = counting();
  RecentMemory recent(memory);
  std::vector<uint64_t> words(4);
  const std::vector<prof::WordRange> ranges{{kBase, std::span(words).first(2)}, {kBase + 4096, std::span(words).subspan(2)}};
  expect(recent.read_ranges(ranges) == 2, "ranges that are there");
  const auto before = words;
  memory.words.erase(memory.words.find(kBase));
  words.assign(4, 0);
  expect(recent.read_ranges(ranges) == 2 && words == before, "one is gone, the next one is there");
  memory.words.clear();
  words.assign(4, 0);
  expect(recent.read_ranges(ranges) == 2 && words == before, "both are gone");
}

void keeps_many_pieces() {
  FakeMemory memory;
  memory.fill(kBase, kBase + 512 * 4096, 7);
  RecentMemory recent(memory);
  size_t told = 0;
  for (uint64_t at = 0; at < 128; at++) (void)bytes_at(recent, kBase + at * 16384, 4096);
  (void)bytes_at(recent, kBase, 1 << 20);  // what is long drives nothing out
  memory.words.clear();
  for (uint64_t at = 0; at < 128; at++) told += bytes_at(recent, kBase + at * 16384, 4096).size() / 4096;
  expect(told > 120, "of half a megabyte nearly all");
}

void forgets() {
  FakeMemory memory = counting();
  RecentMemory recent(memory);
  (void)bytes_at(recent, kBase, 8);
  pass(250);
  recent.begin_sample(prof::monotonic_ns());
  (void)bytes_at(recent, kBase + 2048, 8);
  memory.words.clear();
  expect(bytes_at(recent, kBase, 8).empty(), "what was read long before the sample is not told");
  expect(bytes_at(recent, kBase + 2048, 8).size() == 8, "what was read about its time is");
  pass(250);
  expect(bytes_at(recent, kBase + 2048, 8).size() == 8, "however late it is asked for");
  recent.set_lasting(false);
  expect(bytes_at(recent, kBase + 2048, 8).empty(), "nothing while code comes and goes");
  recent.set_lasting(true);
  expect(bytes_at(recent, kBase + 2048, 8).size() == 8, "after that again");
  recent.begin_sample(prof::monotonic_ns());
  expect(bytes_at(recent, kBase + 2048, 8).empty(), "nothing for a sample of much later");
  recent.begin_sample(0);
  recent.forget();
  expect(bytes_at(recent, kBase + 2048, 8).empty(), "nothing of another program");
}

}  // namespace

int main() {
  tells_what_was_read();
  tells_what_is_there_while_it_is();
  tells_ranges();
  keeps_many_pieces();
  forgets();
  std::printf("ok\n");
}
