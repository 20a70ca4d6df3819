// Gives each distinct key a dense id, in order of first sight. Open addressing over a vector of ids: about 10 ns
// a look-up, which is paid for each frame of each sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/mix_bits.h"

namespace prof {

template <class Key, class Hash>
class Interner {
 public:
  struct Result {
    uint32_t id;
    bool is_new;
  };

  /// Nothing when the key is new and `most` keys are there already.
  std::optional<Result> intern(const Key& key, size_t most) {
    if ((keys_.size() + 1) * 2 > slots_.size()) grow();
    size_t slot = Hash{}(key) & (slots_.size() - 1);
    while (slots_[slot] != kEmpty) {
      const uint32_t id = slots_[slot] - 1;
      if (keys_[id] == key) return Result{id, false};
      slot = (slot + 1) & (slots_.size() - 1);
    }
    if (keys_.size() >= most) return std::nullopt;
    const auto id = static_cast<uint32_t>(keys_.size());
    keys_.push_back(key);
    slots_[slot] = id + 1;
    return Result{id, true};
  }

  [[nodiscard]] size_t size() const { return keys_.size(); }

 private:
  static constexpr uint32_t kEmpty = 0;
  static constexpr size_t kFirstSlots = 4096;

  void grow() {
    slots_.assign(slots_.empty() ? kFirstSlots : slots_.size() * 2, kEmpty);
    for (size_t id = 0; id < keys_.size(); id++) {
      size_t slot = Hash{}(keys_[id]) & (slots_.size() - 1);
      while (slots_[slot] != kEmpty) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = static_cast<uint32_t>(id) + 1;
    }
  }

  std::vector<Key> keys_;
  std::vector<uint32_t> slots_;  // id + 1; size is a power of two, at least twice the keys
};

}  // namespace prof
