#include "runtime/hotspot_calls.h"

#include <array>
#include <cstring>
#include <span>

#include "runtime/object_bytes.h"

namespace prof {
namespace {

// Opcodes (JVM specification, 6.5). Those from 202 on are the VM's own, in place of others.
constexpr uint8_t kInvokeVirtual = 182;
constexpr uint8_t kInvokeInterface = 185;
constexpr uint8_t kInvokeDynamic = 186;
constexpr uint8_t kLastOpcode = 201;

}  // namespace

template <class Number>
std::optional<Number> HotSpotCalls::number_at(uint64_t address) {
  Number number{};
  const auto bytes = std::as_writable_bytes(std::span(&number, 1));
  return memory_.read(address, bytes) == bytes.size() ? std::optional(number) : std::nullopt;
}

/// Index of the reference to a method whose place in the cache of resolved ones a bytecode holds.
std::optional<uint64_t> HotSpotCalls::reference_index(uint64_t pool, uint64_t cache_index) {
  const HotSpotLayout::Calls& layout = *layout_.calls;
  const auto cache = number_at<uint64_t>(pool + layout.pool_cache.at);
  if (!cache) return std::nullopt;
  uint64_t entries = *cache + layout.cache_bytes;
  if (layout.resolved_methods) {
    const auto array = number_at<uint64_t>(*cache + layout.resolved_methods->at);
    if (!array) return std::nullopt;
    entries = *array + layout.array_data.at;
  }
  return number_at<uint16_t>(entries + cache_index * layout.entry_bytes + layout.entry_index.at);
}

std::optional<uint64_t> HotSpotCalls::name_index(uint64_t bytecode, uint64_t pool) {
  if (!layout_.calls) return std::nullopt;
  std::array<uint8_t, 3> code{};
  const auto bytes = std::as_writable_bytes(std::span(code));
  if (memory_.read(bytecode, bytes) != bytes.size()) return std::nullopt;
  if (code[0] == kInvokeDynamic || code[0] > kLastOpcode) return std::nullopt;
  if (code[0] < kInvokeVirtual || code[0] > kInvokeInterface) return 0;
  uint16_t cache_index = 0;
  std::memcpy(&cache_index, code.data() + 1, sizeof cache_index);
  const auto slot = [&](uint64_t index) { return number_at<uint32_t>(pool + layout_.pool_bytes + 8 * index); };
  const auto reference = reference_index(pool, cache_index);
  // Two indices each: class, name with type; name, type.
  const auto method = reference && *reference != 0 ? slot(*reference) : std::nullopt;
  const auto name_and_type = method ? slot(*method >> 16) : std::nullopt;
  return name_and_type ? std::optional<uint64_t>(*name_and_type & 0xffff) : std::nullopt;
}

}  // namespace prof
