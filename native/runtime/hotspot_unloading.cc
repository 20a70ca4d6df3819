#include "runtime/hotspot_unloading.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "runtime/object_bytes.h"

namespace prof {
namespace {

constexpr uint64_t kLookNs = 1'000'000;
constexpr uint64_t kRetryNs = 100'000'000;
constexpr uint64_t kRestlessNs = 1'000'000'000;
constexpr uint64_t kMostBytes = 1 << 20;
constexpr uint64_t kMostEntries = 4096;
constexpr std::string_view kUnloadedClasses = "java.cls.unloadedClasses";

/// Whether a text that ends there with a zero is there.
bool is_text_at(std::span<const std::byte> bytes, uint64_t at, std::string_view text) {
  if (at >= bytes.size() || bytes.size() - at <= text.size()) return false;
  const auto found = bytes.subspan(static_cast<size_t>(at), text.size() + 1);
  return std::memcmp(found.data(), text.data(), text.size()) == 0 && found.back() == std::byte{0};
}

}  // namespace

HotSpotUnloading::HotSpotUnloading(const HotSpotLayout& layout, HeapSource& memory) : layout_(layout), memory_(memory) {
  find_counter();
}

void HotSpotUnloading::find_counter() {
  looked_ns_ = monotonic_ns();
  if (!layout_.counters) return;
  const HotSpotLayout::Counters& at = *layout_.counters;
  const uint64_t prologue = ObjectBytes(memory_, at.prologue, 8).get({});
  const ObjectBytes head(memory_, prologue, static_cast<size_t>(at.prologue_bytes));
  const uint64_t used = std::min(head.get(at.used), kMostBytes);
  const ObjectBytes all(memory_, prologue, static_cast<size_t>(used));
  const auto within = [](uint64_t entry, const HotSpotLayout::Field& field) {
    return HotSpotLayout::Field{entry + field.at, false, field.bytes};
  };
  uint64_t entry = head.get(at.first_entry);
  for (uint64_t i = 0; i < std::min(head.get(at.entries), kMostEntries); i++) {
    const uint64_t bytes = all.get(within(entry, at.entry_bytes));
    if (bytes == 0) return;
    if (is_text_at(all.bytes(), entry + all.get(within(entry, at.entry_name)), kUnloadedClasses)) {
      counter_ = prologue + entry + all.get(within(entry, at.entry_data));
      return read_counter();
    }
    entry += bytes;
  }
}

void HotSpotUnloading::read_counter() {
  looked_ns_ = monotonic_ns();
  uint64_t count = 0;
  const auto word = std::as_writable_bytes(std::span(&count, 1));
  if (memory_.read(counter_, word) != word.size() || count == count_) return;
  count_ = count;
  quiet_since_ns_ = looked_ns_;
}

void HotSpotUnloading::begin_sample(uint64_t time_ns) {
  sample_ns_ = time_ns;
  const uint64_t since_ns = monotonic_ns() - looked_ns_;
  if (counter_ != 0 && since_ns >= kLookNs) read_counter();
  if (counter_ == 0 && since_ns >= kRetryNs) find_counter();
}

bool HotSpotUnloading::is_restless() const {
  return quiet_since_ns_ != 0 && monotonic_ns() - quiet_since_ns_ < kRestlessNs;
}

}  // namespace prof
