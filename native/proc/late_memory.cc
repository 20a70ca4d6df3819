#include "proc/late_memory.h"

#include <cstring>

namespace prof {

bool LateMemory::read_word(uint64_t address, uint64_t& out) {
  if ((address & 7) != 0) return false;
  const size_t offset = address % kPageBytes;
  const Page* const found = page(address / kPageBytes);
  if (found == nullptr || found->valid < offset + sizeof(out)) return false;
  std::memcpy(&out, found->bytes.data() + offset, sizeof(out));
  return true;
}

const LateMemory::Page* LateMemory::page(uint64_t number) {
  for (size_t i = count_; i-- > 0;) {
    if (pages_[i].number == number) return &pages_[i];
  }
  if (count_ == pages_.size()) return nullptr;
  Page& next = pages_[count_++];
  next.number = number;
  next.valid = memory_.read(number * kPageBytes, next.bytes);
  return &next;
}

}  // namespace prof
