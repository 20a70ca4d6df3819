#include "runtime/v8_codes.h"

#include <algorithm>
#include <iterator>
#include <utility>

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
      if (auto code = code_before(start, header.first<kHeaderWords>())) return code;
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
    const bool knows_start = std::find(code.words.begin(), code.words.end(), start) != code.words.end();
    if (!knows_start || !heap_.has_type(code.object, heap_.layout().type_code)) continue;
    code.start = start;
    code.slot = start - (header.size() - i) * sizeof(uint64_t);
    return code;
  }
  return std::nullopt;
}

}  // namespace prof
