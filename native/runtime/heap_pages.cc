#include "runtime/heap_pages.h"

#include <algorithm>
#include <cstring>

#include "base/mix_bits.h"

namespace prof {

size_t HeapPages::read(uint64_t address, std::span<std::byte> out) {
  size_t done = 0;
  // Long texts are read once, and would drive the rest out.
  while (out.size() <= kPageBytes && done < out.size()) {
    const uint64_t at = address + done;
    const size_t within = at % kPageBytes;
    const Page& from = page(at / kPageBytes);
    const size_t count = std::min(out.size() - done, kPageBytes - within);
    if (within + count > from.length) break;
    std::memcpy(out.data() + done, from.bytes.data() + within, count);
    done += count;
  }
  return done == out.size() ? done : done + memory_.read(address + done, out.subspan(done));
}

const HeapPages::Page& HeapPages::page(uint64_t number) {
  Page& page = pages_[mix_bits(number) % kPages];
  if (page.number != number || page.age != age_) {
    page.number = number;
    page.age = age_;
    page.length = memory_.read(number * kPageBytes, page.bytes);
  }
  return page;
}

}  // namespace prof
