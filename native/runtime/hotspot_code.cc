#include "runtime/hotspot_code.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/clock.h"

namespace prof {
namespace {

// Samples come some at a time; what was read for the first of them holds for the others.
constexpr uint64_t kProofNs = 1'000'000;
constexpr uint64_t kHeapsNs = 10'000'000;
constexpr size_t kMostBlobs = 16384;
constexpr size_t kMostHeaps = 16;
constexpr size_t kMostNames = 4096;
constexpr size_t kMostNameBytes = 128;
constexpr int32_t kMostFrameWords = 1 << 16;
// A block of the code cache (share/memory/heap.cpp, CodeHeap::find_block_for): a segment that is free.
constexpr std::byte kFreeSegment{0xff};
// Hops of 254 segments of 64 bytes or more reach back over the largest code cache.
constexpr size_t kSegmentsAtOnce = 4096;

}  // namespace

void HotSpotCode::read_heaps() {
  heaps_read_ns_ = now_ns_;
  uint64_t list = 0;
  std::vector<Heap> found;
  const auto word = std::as_writable_bytes(std::span(&list, 1));
  if (memory_.read(layout_.heaps, word) != word.size() || list == 0) return;
  const ObjectBytes array(memory_, list, 64);
  const uint64_t length = std::min<uint64_t>(array.get(layout_.array_length), kMostHeaps);
  std::array<uint64_t, kMostHeaps> addresses{};
  const auto bytes = std::as_writable_bytes(std::span(addresses).first(static_cast<size_t>(length)));
  if (memory_.read(array.get(layout_.array_data), bytes) != bytes.size()) return;
  const auto within = [](const HotSpotLayout::Field& outer, const HotSpotLayout::Field& inner) {
    return HotSpotLayout::Field{outer.at + inner.at, false, 8};
  };
  for (const uint64_t address : std::span(addresses).first(static_cast<size_t>(length))) {
    const ObjectBytes heap(memory_, address, static_cast<size_t>(layout_.heap_segment_shift.at) + 8);
    Heap each;
    each.low = heap.get(within(layout_.heap_memory, layout_.space_low));
    each.high = heap.get(within(layout_.heap_memory, layout_.space_high));
    each.segments = heap.get(within(layout_.heap_segments, layout_.space_low));
    each.shift = heap.get(layout_.heap_segment_shift);
    if (each.low < each.high && each.segments != 0 && each.shift >= 3 && each.shift <= 16) found.push_back(each);
  }
  heaps_ = std::move(found);
}

const HotSpotCode::Heap* HotSpotCode::heap_of(uint64_t address) {
  for (bool may_read = true;; may_read = false) {
    for (const Heap& heap : heaps_) {
      if (address >= heap.low && address < heap.high) return &heap;
    }
    // The heaps grow while the program runs.
    if (!may_read || now_ns_ - heaps_read_ns_ < kHeapsNs) return nullptr;
    read_heaps();
  }
}

bool HotSpotCode::is_generated(uint64_t address) { return heap_of(address) != nullptr; }

/// Start of the block that holds the address, 0 when it is free.
uint64_t HotSpotCode::block_of(const Heap& heap, uint64_t address) {
  uint64_t segment = (address - heap.low) >> heap.shift;
  std::array<std::byte, kSegmentsAtOnce> bytes{};
  for (bool is_first = true;; is_first = false) {
    const uint64_t count = std::min<uint64_t>(segment + 1, is_first ? 256 : bytes.size());
    const uint64_t from = segment + 1 - count;
    const auto part = std::span(bytes).first(static_cast<size_t>(count));
    if (memory_.read(heap.segments + from, part) != part.size()) return 0;
    while (segment >= from) {
      const std::byte back = bytes[static_cast<size_t>(segment - from)];
      if (back == kFreeSegment) return 0;
      if (back == std::byte{0}) return heap.low + (segment << heap.shift);
      if (static_cast<uint64_t>(back) > segment) return 0;
      segment -= static_cast<uint64_t>(back);
    }
  }
}

uint64_t HotSpotCode::place(const ObjectBytes& header, const HotSpotLayout::Place& place) const {
  const uint64_t value = header.get(place.field);
  return place.is_pointer ? value : header.address() + value;
}

const std::string& HotSpotCode::name_at(uint64_t address) {
  if (names_.size() >= kMostNames) names_.clear();
  const auto [known, is_new] = names_.try_emplace(address);
  if (!is_new) return known->second;
  std::array<char, kMostNameBytes> text{};
  const size_t got = memory_.read(address, std::as_writable_bytes(std::span(text)));
  const std::string_view read(text.data(), got);
  const size_t length = std::min(read.find('\0'), read.size());
  const bool is_text = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length),
                                   [](char c) { return c >= ' ' && c < 127; });
  if (is_text) known->second = read.substr(0, length);
  return known->second;
}

bool HotSpotCode::parse(const ObjectBytes& block, CodeBlob& blob) {
  if (block.size() < layout_.heap_block_bytes + layout_.blob_bytes) return false;
  // What was freed keeps its words until others are written over them.
  if (layout_.block_used && block.get(*layout_.block_used) == 0) return false;
  const ObjectBytes header(block.address() + layout_.heap_block_bytes,
                           block.bytes().subspan(static_cast<size_t>(layout_.heap_block_bytes)));
  blob.start = header.address();
  blob.name_address = header.get(layout_.blob_name);
  blob.end = blob.start + header.get(layout_.blob_size);
  blob.code_begin = place(header, layout_.code_begin);
  blob.code_end = place(header, layout_.code_end);
  blob.frame_words = header.get_int(layout_.blob_frame_size);
  blob.frame_complete = header.get_int(layout_.blob_frame_complete);
  blob.name = name_at(blob.name_address);
  if (blob.name.empty() || blob.frame_words > kMostFrameWords) return false;
  if (blob.code_begin < blob.start || blob.code_begin > blob.code_end || blob.code_end > blob.end) return false;
  if (blob.name == "Interpreter") blob.kind = CodeBlob::Kind::interpreter;
  if (blob.name != "nmethod" && blob.name != "native nmethod") return true;
  if (header.size() < layout_.nmethod_bytes) return false;
  blob.kind = CodeBlob::Kind::compiled;
  blob.is_native = blob.name != "nmethod";
  blob.method = header.get(layout_.nmethod_method);
  blob.compile_id = header.get(layout_.nmethod_compile_id);
  for (const auto& handler : layout_.deopt_handlers) blob.deopt_handlers.push_back(place(header, handler));
  return true;
}

size_t HotSpotCode::block_words(const CodeBlob& blob) const {
  const bool is_compiled = blob.kind == CodeBlob::Kind::compiled;
  const uint64_t header = is_compiled ? layout_.nmethod_bytes : layout_.blob_bytes;
  return static_cast<size_t>(layout_.heap_block_bytes + header + 7) / 8;
}

bool HotSpotCode::prove(Known& known) {
  if (now_ns_ - known.proved_ns < kProofNs) return true;
  return prove(known, ObjectBytes(memory_, known.blob.start - layout_.heap_block_bytes, 8 * block_words(known.blob)));
}

bool HotSpotCode::prove(Known& known, const ObjectBytes& block) {
  CodeBlob now;
  if (!parse(block, now) || !now.is_same(known.blob)) return false;
  known.proved_ns = now_ns_;
  return true;
}

/// What cannot be proved here is looked at alone when it is asked for.
void HotSpotCode::prove_recent() {
  std::vector<Known*> stale;
  size_t count = 0;
  for (const uint64_t end : recent_) {
    const auto found = known_.find(end);
    if (found == known_.end() || now_ns_ - found->second.proved_ns < kProofNs) continue;
    found->second.words_at = count;
    count += block_words(found->second.blob);
    stale.push_back(&found->second);
  }
  recent_.clear();
  if (stale.size() < 2) return;
  std::vector<uint64_t> words(count);
  std::vector<WordRange> ranges;
  for (const Known* known : stale) {
    ranges.push_back({known->blob.start - layout_.heap_block_bytes,
                      std::span(words).subspan(known->words_at, block_words(known->blob))});
  }
  const size_t whole = memory_.read_ranges(ranges);
  for (size_t i = 0; i < whole; i++) {
    (void)prove(*stale[i], ObjectBytes(ranges[i].address, std::as_bytes(ranges[i].words)));
  }
}

void HotSpotCode::begin_stack() {
  now_ns_ = monotonic_ns();
  stacks_++;
  if (known_.size() >= kMostBlobs) known_.clear();
  prove_recent();
}

const CodeBlob* HotSpotCode::seen(Known& known) {
  if (known.stack != stacks_) recent_.push_back(known.blob.end);
  known.stack = stacks_;
  return unloading_.was_there(known.seen_ns) ? &known.blob : nullptr;
}

const CodeBlob* HotSpotCode::find(uint64_t address) {
  const auto known = known_.upper_bound(address);
  if (known != known_.end() && address >= known->second.blob.start) {
    if (prove(known->second)) return seen(known->second);
    known_.erase(known);
  }
  const Heap* const heap = heap_of(address);
  const uint64_t block = heap == nullptr ? 0 : block_of(*heap, address);
  if (block == 0) return nullptr;
  Known found;
  const uint64_t start = block + layout_.heap_block_bytes;
  const auto bytes = static_cast<size_t>(layout_.heap_block_bytes + layout_.nmethod_bytes);
  if (!parse(ObjectBytes(memory_, block, bytes), found.blob)) return nullptr;
  if (found.blob.end > heap->high || address < start || address >= found.blob.end) return nullptr;
  found.seen_ns = found.proved_ns = now_ns_;
  // What it overlaps has been freed.
  auto next = known_.upper_bound(start);
  while (next != known_.end() && next->second.blob.start < found.blob.end) next = known_.erase(next);
  return seen(known_.emplace(found.blob.end, std::move(found)).first->second);
}

}  // namespace prof
