// HotSpot's code cache: which piece of generated code (a blob) holds an address. Blobs are remembered; before each use
// their header is read again, at most once in a millisecond, since code is freed and other code takes its place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/hotspot_layout.h"
#include "runtime/hotspot_unloading.h"
#include "runtime/object_bytes.h"

namespace prof {

struct CodeBlob {
  enum class Kind : uint8_t {
    interpreter,
    compiled,  // a method, or the wrapper of a native one
    other,     // stubs, adapters, call-ins of the VM
  };

  uint64_t start = 0;  // of the header
  uint64_t end = 0;
  uint64_t code_begin = 0;
  uint64_t code_end = 0;
  uint64_t name_address = 0;
  uint64_t method = 0;      // of compiled code
  uint64_t compile_id = 0;  // of compiled code: never given twice
  int32_t frame_words = 0;  // with return address and saved rbp; 0 or less: not of fixed size
  int32_t frame_complete = 0;  // bytes of code until the frame is there; negative: no such place
  Kind kind = Kind::other;
  bool is_native = false;  // the wrapper of a native method
  std::vector<uint64_t> deopt_handlers;  // its frames return there once it is not valid any more; empty: not known
  std::string name;

  [[nodiscard]] bool is_same(const CodeBlob& other) const {
    return start == other.start && end == other.end && code_begin == other.code_begin && code_end == other.code_end &&
           name_address == other.name_address && method == other.method && compile_id == other.compile_id &&
           frame_words == other.frame_words && frame_complete == other.frame_complete;
  }
};

class HotSpotCode {
 public:
  /// All must outlive this.
  HotSpotCode(const HotSpotLayout& layout, const HotSpotUnloading& unloading, HeapSource& memory)
      : layout_(layout), unloading_(unloading), memory_(memory) {}

  /// A stack begins: the blobs of the one before are likely ones, and are read again with a single call.
  void begin_stack();
  /// The blob that holds an address; null when none does, or other code may have been there at the time of the sample.
  /// Valid until the next call of begin_stack().
  [[nodiscard]] const CodeBlob* find(uint64_t address);
  /// Whether the address lies in a code heap at all.
  [[nodiscard]] bool is_generated(uint64_t address);

 private:
  struct Heap {
    uint64_t low = 0, high = 0;
    uint64_t segments = 0;  // a byte each: how far back the block begins
    uint64_t shift = 0;
  };
  struct Known {
    CodeBlob blob;
    uint64_t seen_ns = 0;  // first
    uint64_t proved_ns = 0;
    uint64_t stack = 0;  // the last one that it was seen in
    size_t words_at = 0;  // of its header among those that were read for all
  };

  void prove_recent();
  void read_heaps();
  [[nodiscard]] const Heap* heap_of(uint64_t address);
  [[nodiscard]] uint64_t block_of(const Heap& heap, uint64_t address);
  [[nodiscard]] size_t block_words(const CodeBlob& blob) const;
  [[nodiscard]] bool prove(Known& known);
  [[nodiscard]] bool prove(Known& known, const ObjectBytes& block);
  [[nodiscard]] const CodeBlob* seen(Known& known);
  /// Of a block and the header of the blob in it; false also when it is free.
  [[nodiscard]] bool parse(const ObjectBytes& block, CodeBlob& blob);
  [[nodiscard]] uint64_t place(const ObjectBytes& header, const HotSpotLayout::Place& place) const;
  [[nodiscard]] const std::string& name_at(uint64_t address);

  const HotSpotLayout& layout_;
  const HotSpotUnloading& unloading_;
  HeapSource& memory_;
  std::vector<Heap> heaps_;
  uint64_t heaps_read_ns_ = 0;
  uint64_t now_ns_ = 0;
  uint64_t stacks_ = 0;
  std::map<uint64_t, Known> known_;  // by the end of the blob
  std::vector<uint64_t> recent_;     // ends of those that the stack before had
  std::unordered_map<uint64_t, std::string> names_;
};

}  // namespace prof
