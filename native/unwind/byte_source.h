// Where the bytes of an ELF file come from, by file offset: a file, plain bytes, another process's memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace prof {

/// May be short anywhere: a file can shrink while it is read.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills a prefix of `out`; returns how many bytes are valid, 0 when nothing is there.
  [[nodiscard]] virtual size_t read_at(uint64_t offset, std::span<std::byte> out) const = 0;
  /// No section may be larger than this.
  [[nodiscard]] virtual uint64_t size() const = 0;
};

/// Bytes in memory, which must outlive the source.
class BytesSource : public ByteSource {
 public:
  explicit BytesSource(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] size_t read_at(uint64_t offset, std::span<std::byte> out) const override {
    if (offset >= bytes_.size()) return 0;
    const auto available = bytes_.subspan(static_cast<size_t>(offset));
    const size_t count = std::min(available.size(), out.size());
    std::copy_n(available.begin(), count, out.begin());
    return count;
  }
  [[nodiscard]] uint64_t size() const override { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace prof
