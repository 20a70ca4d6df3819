#include "runtime/node_version.h"

#include <algorithm>
#include <array>

namespace prof {
namespace {

constexpr size_t kMostChars = 40;

bool is_version(const std::string& text) {
  const bool has_dot = text.find('.') != std::string::npos;
  return has_dot && text[0] >= '0' && text[0] <= '9' && std::all_of(text.begin(), text.end(), [](char each) {
           return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') || each == '.' || each == '-';
         });
}

}  // namespace

// std::string of libstdc++: where the characters are, how many.
std::string read_node_version(HeapSource& memory, uint64_t address) {
  std::array<uint64_t, 2> head{};
  const auto bytes = std::as_writable_bytes(std::span(head));
  if (memory.read(address, bytes) != bytes.size()) return {};
  const auto [chars, length] = head;
  if (length == 0 || length > kMostChars) return {};
  std::string text(length, '\0');
  if (memory.read(chars, std::as_writable_bytes(std::span(text))) != length) return {};
  return is_version(text) ? text : std::string();
}

}  // namespace prof
