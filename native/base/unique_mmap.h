// Owner of one memory mapping of our own: unmapped exactly once.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

namespace prof {

class UniqueMmap {
 public:
  UniqueMmap() = default;
  UniqueMmap(void* base, size_t size) : base_(base), size_(size) {}
  UniqueMmap(UniqueMmap&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  UniqueMmap& operator=(UniqueMmap&& other) noexcept {
    if (this != &other) {
      release();
      base_ = std::exchange(other.base_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  UniqueMmap(const UniqueMmap&) = delete;
  UniqueMmap& operator=(const UniqueMmap&) = delete;
  ~UniqueMmap() { release(); }

  [[nodiscard]] void* base() const { return base_; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  void release() {
    if (base_ != nullptr) munmap(base_, size_);
  }

  void* base_ = nullptr;
  size_t size_ = 0;
};

}  // namespace prof
