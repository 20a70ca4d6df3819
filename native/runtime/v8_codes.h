// Code objects by the addresses of their instructions. Those that were found are remembered, with what was read of them:
// whoever asks must see that the words by which one was found are still there.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "runtime/v8_heap.h"
#include "runtime/v8_inlining.h"

namespace prof {

struct V8Code {
  static constexpr size_t kWords = 11;

  uint64_t slot = 0;    // where the pointer to the object is
  uint64_t start = 0;   // of the instructions
  uint64_t end = UINT64_MAX;  // of the instructions, if it is known
  uint64_t last = 0;    // address that is known to be one of them
  uint64_t object = 0;
  uint64_t found_ns = 0;  // CLOCK_MONOTONIC; as it is since then
  std::array<uint64_t, kWords> words{};  // the object's first; one is the address of the instructions
  std::optional<V8InlinedCode> optimized;  // what it says, once that was read
};

class V8Codes {
 public:
  /// Must outlive this.
  explicit V8Codes(V8Heap& heap) : heap_(heap) {}

  /// The code that holds an instruction, or once held it; null when there is none. Valid until the next call.
  [[nodiscard]] V8Code* find(uint64_t address);
  /// What is remembered of the code that holds it.
  void forget(uint64_t address);
  /// Remembered code was found to be no longer there.
  void note_replaced();
  /// Whether code took the place of other code shortly before a sample, or since (CLOCK_MONOTONIC, ns).
  [[nodiscard]] bool is_restless(uint64_t sample_ns) const;
  /// Whether code that is there now was there at the time of a sample. Where all is restless it may have come back.
  [[nodiscard]] bool was_there(const V8Code& code, uint64_t sample_ns) const {
    return code.found_ns <= sample_ns && !is_restless(sample_ns);
  }
  void clear() { codes_.clear(); }

 private:
  // Of an InstructionStream, ahead of its instructions; one of them points to the Code object.
  static constexpr size_t kHeaderWords = 4;
  using Codes = std::map<uint64_t, V8Code>;  // by start

  [[nodiscard]] Codes::iterator known(uint64_t address);
  [[nodiscard]] std::optional<V8Code> search(uint64_t address);
  [[nodiscard]] std::optional<V8Code> code_before(uint64_t start, std::span<const uint64_t, kHeaderWords> header);

  V8Heap& heap_;
  Codes codes_;
  uint64_t replaced_ns_ = 0;  // when that was seen last
};

}  // namespace prof
