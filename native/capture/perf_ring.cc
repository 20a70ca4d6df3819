#include "capture/perf_ring.h"

#include <errno.h>
#include <unistd.h>

#include <cstring>

namespace prof {

int PerfRing::map(int fd, size_t pages) {
  const auto page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t size = (pages + 1) * page_size;
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return errno;
  mapping_ = UniqueMmap(base, size);
  data_ = {static_cast<const std::byte*>(base) + page_size, pages * page_size};
  wrapped_.resize(size_t{64} * 1024);
  return 0;
}

std::span<const std::byte> PerfRing::record_at(uint64_t tail, uint64_t head) {
  const auto offset = static_cast<size_t>(tail & (data_.size() - 1));
  perf_event_header header{};
  // Records are 8-byte aligned, so the 8-byte header itself never wraps.
  std::memcpy(&header, data_.data() + offset, sizeof header);
  const size_t size = header.size;
  if (size < sizeof header || size > head - tail) return {};
  if (offset + size <= data_.size()) return data_.subspan(offset, size);
  const size_t first = data_.size() - offset;
  std::memcpy(wrapped_.data(), data_.data() + offset, first);
  std::memcpy(wrapped_.data() + first, data_.data(), size - first);
  return std::span<const std::byte>(wrapped_).first(size);
}

}  // namespace prof
