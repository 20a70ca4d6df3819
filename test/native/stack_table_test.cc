// The table's promise: one id for one path, however threads and shared callers come and go; and a bound beyond which
// known stacks are still found and others keep their leaf.
#include "table/stack_table.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>

namespace {

using prof::Frame;
using prof::FrameKind;
using Path = std::vector<Frame>;

void expect(const char* what, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %lu, expected %lu\n", what, actual, expected);
  std::exit(1);
}

uint64_t no_start(const Frame&) { return 0; }

Frame native(uint64_t address) { return {FrameKind::native, 1, address}; }

/// Leaf first, as the rows tell it.
std::vector<uint64_t> addresses_of(uint32_t stack, const prof::NewRows& rows) {
  std::vector<uint64_t> addresses;
  for (; stack != 0; stack = rows.stack_parent[stack - 1]) {
    addresses.push_back(rows.frame_address[rows.stack_frame[stack - 1]]);
  }
  return addresses;
}

void each_path_has_one_id_and_its_own_rows() {
  prof::StackTable table;
  prof::NewRows rows;
  std::map<std::vector<uint64_t>, uint32_t> ids;
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; i++) {
    Path path(random() % 12 + 1);
    std::vector<uint64_t> addresses;
    for (Frame& frame : path) addresses.push_back((frame = native(random() % 3 + 1)).address);
    // Two threads of the twenty share a place where last stacks are kept.
    const auto stack = table.add_path(path, random() % 20, rows, no_start);
    const auto known = ids.try_emplace(addresses, stack.value_or(0)).first;
    expect("id", stack.value_or(0), known->second);
    if (addresses_of(*stack, rows) != addresses) expect("rows", 0, 1);
  }
}

void a_full_table_finds_what_it_knows_and_keeps_leaves() {
  prof::StackTable table({.frames = 10, .stacks = 8});
  prof::NewRows rows;
  const Path known{native(4), native(3), native(2), native(1)};
  const uint32_t id = table.add_path(known, 0, rows, no_start).value_or(0);
  expect("known", id, 4);
  const Path large{native(9), native(8), native(7), native(6), native(5), native(1)};
  expect("no room", table.add_path(large, 0, rows, no_start).has_value(), 0);
  expect("known again", table.add_path(known, 0, rows, no_start).value_or(0), id);
  expect("stacks", rows.stack_frame.size(), 8);

  const uint32_t leaf = table.add_leaf(native(9), rows, no_start);
  const std::vector<uint64_t> marked{9, 0};
  if (addresses_of(leaf, rows) != marked) expect("leaf on its mark", 0, 1);
  expect("kind of the mark", rows.frame_kind[rows.stack_frame[rows.stack_parent[leaf - 1] - 1]],
         static_cast<uint64_t>(FrameKind::truncated));
  expect("the same leaf", table.add_leaf(native(9), rows, no_start), leaf);
  const auto full = rows.frame_kind.size();
  for (uint64_t address = 100; address < 200; address++) table.add_leaf(native(address), rows, no_start);
  expect("frames", rows.frame_kind.size() - full <= 10, 1);
  expect("a leaf without room", table.add_leaf(native(500), rows, no_start), rows.stack_parent[leaf - 1]);
}

}  // namespace

int main() {
  each_path_has_one_id_and_its_own_rows();
  a_full_table_finds_what_it_knows_and_keeps_leaves();
  std::puts("ok");
}
