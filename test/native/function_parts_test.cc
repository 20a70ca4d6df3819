// All code of a function of a stripped program, test/fixtures/cold_parts.c: PROGRAM; LOOP, COLD and TAIL are the
// addresses and sizes of its functions.
#include "unwind/function_parts.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

struct Symbol {
  uint64_t va;
  uint64_t size;
};

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  failures++;
}

bool is_at(const prof::CodeStretch& part, const Symbol& symbol) {
  return part.lo == symbol.va && part.hi == symbol.va + symbol.size;
}

}  // namespace

int main() {
  constexpr Symbol loop LOOP;
  constexpr Symbol cold COLD;
  constexpr Symbol tail TAIL;
  std::ifstream program(PROGRAM, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(program), {});
  const prof::BytesSource file(std::as_bytes(std::span(bytes)));
  const auto image = prof::read_module_image(file);
  if (!image) return 1;
  const auto of_loop = prof::find_function_parts(*image, file, loop.va);
  expect(of_loop.size() == 2 && is_at(of_loop[0], loop) && is_at(of_loop[1], cold), "the loop and its unlikely code");
  const auto of_tail = prof::find_function_parts(*image, file, tail.va);
  expect(of_tail.size() == 1 && is_at(of_tail[0], tail), "what a function ends by jumping to is another");
  expect(prof::find_function_parts(*image, file, loop.va + 1).empty(), "the middle of a function is none");
  const prof::BytesSource nothing({});
  expect(prof::find_function_parts(*image, nothing, loop.va).size() == 1, "code that cannot be read leads nowhere");
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
