// One perf ring buffer: mapped from an event's descriptor, read by one thread. perf_event_open(2), "MMAP layout".
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/unique_mmap.h"

namespace prof {

class PerfRing {
 public:
  /// Maps 2^n data pages; 0 or errno. EPERM means locked memory is used up, not that sampling is forbidden.
  [[nodiscard]] int map(int fd, size_t pages);

  /// Calls `visit(std::span<const std::byte>)` for each whole record, oldest first, until the ring is empty.
  /// Returns false if the ring is damaged (a record of size 0): it must not be read again.
  template <class Visit>
  [[nodiscard]] bool drain(Visit visit) {
    // Acquire pairs with the kernel's write of data_head; data_tail is stored only after the record was used,
    // else the kernel may overwrite what we still read.
    const uint64_t head = __atomic_load_n(&page()->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = page()->data_tail;
    while (tail < head) {
      const auto record = record_at(tail, head);
      if (record.empty()) return false;
      visit(record);
      tail += record.size();
      __atomic_store_n(&page()->data_tail, tail, __ATOMIC_RELEASE);
    }
    return true;
  }

 private:
  [[nodiscard]] perf_event_mmap_page* page() const { return static_cast<perf_event_mmap_page*>(mapping_.base()); }
  /// The record at `tail`, copied together if it wraps; empty if its size is impossible.
  std::span<const std::byte> record_at(uint64_t tail, uint64_t head);

  UniqueMmap mapping_;
  std::span<const std::byte> data_;
  std::vector<std::byte> wrapped_;  // a record's size is a u16, so 64 KiB holds any
};

}  // namespace prof
