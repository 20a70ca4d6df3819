#include "runtime/v8_codes.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace prof {
namespace {

// Of what they say, some kilobytes each.
constexpr size_t kMostCodes = 1024;
// Code begins where the caches of CPUs like it (V8's kCodeAlignment is 32 or 64).
constexpr uint64_t kCodeAlignment = 32;
constexpr uint64_t kRestlessNs = 1'000'000'000;
constexpr size_t kBlockBytes = 4096;
constexpr int kMostBlocks = 64;
// Of user space on x86-64.
constexpr uint64_t kLeastAddress = 1 << 16;
constexpr uint64_t kMostAddress = uint64_t{1} << 47;
constexpr uint32_t kMostCodeBytes = 1 << 28;

/// Bytes of a Code object's instructions. Behind their start it has, somewhere, their number, that of the bytes of tables
/// behind them, and where these tables are: one that is empty begins at the end of all. Since V8 12 the header of the
/// instructions has the sum. Nothing where the numbers do not agree.
std::optional<uint32_t> size_of(std::span<const uint64_t> behind_start, std::span<const uint64_t> header) {
  if (behind_start.empty()) return std::nullopt;
  std::vector<uint32_t> numbers(2 * behind_start.size());
  std::memcpy(numbers.data(), behind_start.data(), behind_start.size_bytes());
  const bool has_sum = !V8Heap::is_object(header.back());
  for (size_t i = 0; i + 2 < numbers.size(); i++) {
    const uint32_t size = numbers[i];
    const uint32_t tables = numbers[i + 1];
    if (size == 0 || size > kMostCodeBytes || tables > kMostCodeBytes) continue;
    if (std::find(numbers.begin() + static_cast<std::ptrdiff_t>(i) + 2, numbers.end(), tables) == numbers.end()) continue;
    if (has_sum && header.back() != size + tables) continue;
    return size;
  }
  return std::nullopt;
}

}  // namespace

V8Codes::Codes::iterator V8Codes::known(uint64_t address) {
  const auto after = codes_.upper_bound(address);
  if (after == codes_.begin() || address > std::prev(after)->second.last) return codes_.end();
  return std::prev(after);
}

void V8Codes::forget(uint64_t address) {
  const auto code = known(address);
  if (code != codes_.end()) codes_.erase(code);
}

void V8Codes::note_replaced() { replaced_ns_ = monotonic_ns(); }

bool V8Codes::is_restless(uint64_t sample_ns) const {
  return replaced_ns_ != 0 && sample_ns - std::min(sample_ns, replaced_ns_) < kRestlessNs;
}

V8Code* V8Codes::find(uint64_t address) {
  if (const auto code = known(address); code != codes_.end()) return &code->second;
  auto found = search(address);
  if (!found) return nullptr;
  if (codes_.size() >= kMostCodes) codes_.clear();
  V8Code& code = codes_[found->start];
  const bool is_known = code.slot == found->slot && code.object == found->object && code.words == found->words;
  if (!is_known) {
    if (code.found_ns != 0) note_replaced();
    code = std::move(*found);
    code.found_ns = monotonic_ns();
  }
  code.last = std::max(code.last, address);
  return &code;
}

// Instructions follow a header with a pointer to their Code object, which in turn knows where they start: the nearest
// such start below the address is the code that holds it.
std::optional<V8Code> V8Codes::search(uint64_t address) {
  constexpr size_t kHeaderBytes = kHeaderWords * sizeof(uint64_t);
  std::array<uint64_t, kHeaderWords + kBlockBytes / sizeof(uint64_t)> block{};
  uint64_t end = (address / kCodeAlignment + 1) * kCodeAlignment;
  for (int i = 0; i < kMostBlocks && end > 2 * kBlockBytes; i++) {
    const uint64_t begin = (end - 1) / kBlockBytes * kBlockBytes;
    const size_t count = static_cast<size_t>(end - begin) / sizeof(uint64_t) + kHeaderWords;
    const bool is_whole = heap_.read_words(begin - kHeaderBytes, std::span(block).first(count));
    if (!is_whole) {
      // The first code of its region: the page before cannot be read.
      std::fill_n(block.begin(), kHeaderWords, uint64_t{0});
      if (!heap_.read_words(begin, std::span(block).first(count).subspan(kHeaderWords))) return std::nullopt;
    }
    for (uint64_t start = end; start > begin;) {
      start -= kCodeAlignment;
      const auto header = std::span(block).subspan(static_cast<size_t>(start - begin) / sizeof(uint64_t));
      auto code = code_before(start, header.first<kHeaderWords>());
      // What was behind it has been freed.
      if (code && address >= code->end) return std::nullopt;
      if (code) return code;
    }
    if (!is_whole) return std::nullopt;
    end = begin;
  }
  return std::nullopt;
}

std::optional<V8Code> V8Codes::code_before(uint64_t start, std::span<const uint64_t, kHeaderWords> header) {
  V8Code code;
  for (size_t i = header.size(); i-- > 0;) {
    code.object = header[i];
    if (!V8Heap::is_object(code.object) || code.object < kLeastAddress || code.object > kMostAddress) continue;
    if (!heap_.read_words(code.object - 1, code.words)) continue;
    const auto known_start = std::find(code.words.begin(), code.words.end(), start);
    if (known_start == code.words.end() || !heap_.has_type(code.object, heap_.layout().type_code)) continue;
    const auto size = size_of(std::span(known_start + 1, code.words.end()), header);
    if (size) code.end = start + *size;
    code.start = start;
    code.slot = start - (header.size() - i) * sizeof(uint64_t);
    return code;
  }
  return std::nullopt;
}

}  // namespace prof
