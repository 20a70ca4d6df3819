// Walks a thread's Python stack: one code for the handler in the target and for engines that read from outside, so
// both copy the same words. Every read may fail and every word may be anything: steps are bounded, nothing is followed
// without a read that cannot fault.
//
// `Memory` has `long read(void* into, const PythonScratch::Piece* pieces, uint32_t count)`: process_vm_readv into one
// buffer; it returns bytes, in whole pieces but for the last, or less than 0.
#pragma once

#include "python_frames.h"

namespace prof::payload {

inline uint64_t mixed(uint64_t print, uint64_t word) {
  print = (print ^ word) * 0x9e3779b97f4a7c15U;
  return print ^ (print >> 29);
}

/// Of a text's words from its length on. What the interpreter fills in later (hash, state) is left out.
inline uint64_t text_print(uint64_t print, const uint64_t* words, uint32_t data) {
  const uint64_t length = words[0];
  print = mixed(print, length);
  const uint64_t bytes = length < PythonTexts::kBytes ? length : PythonTexts::kBytes;
  for (uint64_t at = 0; at < bytes; at += 8) {
    const uint64_t word = words[(data - kTextLength + at) / 8];
    const uint64_t left = bytes - at;
    print = mixed(print, left >= 8 ? word : word & ((uint64_t{1} << (8 * left)) - 1));
  }
  return print;
}

inline uint32_t text_count(const PythonTexts* texts) {
  uint32_t count = 0;
  while (count < kPythonTexts && texts[count].print != 0) count++;
  return count;
}

template <class Memory>
class PythonWalk {
 public:
  using Scratch = PythonScratch;

  PythonWalk(const PythonTarget& target, Memory memory, Scratch& scratch)
      : of_(target), memory_(memory), scratch_(scratch) {}

  /// @param hint where the thread's state was found before, 0 when not known; where it is now
  /// @returns the number of frames, innermost first, and the bits above
  uint32_t walk(int32_t tid, uint64_t& hint, PythonSample& sample) {
    PythonFrame* const frames = sample.frames;
    texts_ = sample.texts;
    sample.texts[0].print = 0;
    uint64_t heads[2];  // newest interpreter, main interpreter
    if (!read(of_.runtime + of_.interpreters_head, heads, sizeof heads)) return 0;
    uint32_t result = 0;
    if (heads[0] == heads[1]) {
      const bool is_known = hint != 0 && read_thread(hint) && is_of(tid) && is_listed(hint);
      uint64_t steps = 0;
      if (!is_known) hint = find_thread(heads[0], tid, steps);
      if (hint == 0) return is_given_up_ ? kPythonUnclear : 0;
      result = collect(frames, 0);
    } else {
      result = walk_interpreters(heads[0], tid, frames);
      if (result == 0 && is_given_up_) return kPythonUnclear;
    }
    add_prints(frames, result & 0xffff);
    return result;
  }

  /// Fills in the prints of `count` frames.
  void add_prints(PythonFrame* frames, uint32_t count) {
    for (uint32_t from = 0; from < count; from += Scratch::kBatch) {
      add_some_prints(frames + from, count - from < Scratch::kBatch ? count - from : Scratch::kBatch);
    }
  }

 private:
  static constexpr uint64_t kMostThreads = 256;
  static constexpr uint32_t kTexts = Scratch::kTextsOfCode;
  static constexpr uint32_t kMostInterpreters = 16;
  static constexpr uint64_t kMostAddress = uint64_t{1} << 47;

  bool read(uint64_t address, void* into, uint64_t size) {
    const Scratch::Piece piece{address, size};
    return memory_.read(into, &piece, 1) == static_cast<long>(size);
  }
  bool read_thread(uint64_t state) { return read(state, scratch_.thread, sizeof scratch_.thread); }
  [[nodiscard]] uint64_t thread_word(uint32_t offset) const { return scratch_.thread[offset / 8]; }
  [[nodiscard]] bool is_of(int32_t tid) const {
    return thread_word(of_.thread_native_id) == static_cast<uint64_t>(static_cast<uint32_t>(tid));
  }

  /// Freed memory may hold an old state of the same thread: one that lives is in its interpreter's list.
  bool is_listed(uint64_t state) {
    const uint64_t before = thread_word(of_.thread_previous);
    const uint64_t place = before != 0 ? before + of_.thread_next
                                       : thread_word(of_.thread_interpreter) + of_.interpreter_threads;
    uint64_t found = 0;
    return read(place, &found, sizeof found) && found == state;
  }

  /// Leaves the state's words in the scratch.
  uint64_t find_thread(uint64_t interpreter, int32_t tid, uint64_t& steps) {
    uint64_t state = 0;
    if (!read(interpreter + of_.interpreter_threads, &state, sizeof state)) return 0;
    for (; state != 0 && steps < kMostThreads; steps++) {
      if (!read_thread(state)) return 0;
      if (is_of(tid)) return state;
      state = thread_word(of_.thread_next);
    }
    is_given_up_ = state != 0;
    return 0;
  }

  /// A thread may have a state in each interpreter. Newest first: code of a sub-interpreter was called by the main one.
  /// Of more than two nobody says which called which.
  uint32_t walk_interpreters(uint64_t interpreter, int32_t tid, PythonFrame* frames) {
    uint32_t result = 0;
    uint32_t with_frames = 0;
    uint64_t steps = 0;
    for (uint32_t i = 0; interpreter != 0 && i < kMostInterpreters; i++) {
      if (find_thread(interpreter, tid, steps) != 0) {
        const uint32_t before = result & 0xffff;
        result = collect(frames, before) | (result & ~0xffffU);
        if ((result & 0xffff) > before) with_frames++;
      }
      if (!read(interpreter + of_.interpreter_next, &interpreter, sizeof interpreter)) break;
    }
    return with_frames > 2 ? kPythonThread | kPythonUnclear : result;
  }

  /// Of the thread whose state is in the scratch, behind `count` frames.
  uint32_t collect(PythonFrame* frames, uint32_t count) {
    uint64_t frame = thread_word(of_.thread_frame);
    if (of_.has_holder != 0 && !read(frame + of_.holder_frame, &frame, sizeof frame)) return count | kPythonThread;
    window_at_ = window_end_ = 0;
    while (frame != 0 && frame < kMostAddress && count < kPythonFrames) {
      const uint64_t* words = look_at(frame);
      if (words == nullptr) return count | kPythonThread;
      const uint64_t mark = words[of_.frame_mark / 8] >> (8 * (of_.frame_mark % 8)) & 0xff;
      const uint64_t instruction = words[of_.frame_instruction / 8] & (kMostAddress - 1);
      frames[count++] = {words[of_.frame_code / 8], instruction | mark << 56, 0};
      frame = words[of_.frame_previous / 8];
    }
    return count | kPythonThread | (frame != 0 && count == kPythonFrames ? kPythonCut : 0);
  }

  /// A frame's words. Callers mostly lie below it, so those come along.
  const uint64_t* look_at(uint64_t frame) {
    if (frame % 8 != 0) return nullptr;
    if (frame < window_at_ || frame + Scratch::kFrameBytes > window_end_) {
      window_at_ = frame - Scratch::kWindowBytes;
      window_end_ = frame + Scratch::kFrameBytes;
      if (!read(window_at_, scratch_.window, window_end_ - window_at_)) {
        window_at_ = frame;
        if (!read(frame, scratch_.window, Scratch::kFrameBytes)) return nullptr;
      }
    }
    return scratch_.window + (frame - window_at_) / 8;
  }

  void add_some_prints(PythonFrame* frames, uint32_t count) {
    const uint64_t from = of_.code_first_line / 8 * 8;
    uint32_t asked = 0;
    for (uint32_t i = 0; i < count; i++) {
      if (!has_own_code(frames, i)) continue;
      scratch_.pieces[asked++] = {(frames[i].code & kObjectBits) + from, sizeof scratch_.codes[0]};
    }
    const uint32_t codes = whole(memory_.read(scratch_.codes, scratch_.pieces, asked), sizeof scratch_.codes[0]);
    for (uint32_t i = 0; i < codes; i++) {
      const uint64_t* const file = scratch_.codes[i] + (of_.code_file - from) / 8;
      Scratch::Piece* const pieces = scratch_.pieces + kTexts * i;
      pieces[0] = {file[0] + kTextLength, sizeof scratch_.texts[0]};
      pieces[1] = {file[kCodeNameFromFile / 8] + kTextLength, sizeof scratch_.texts[0]};
      pieces[2] = {file[kCodeTableFromFile / 8] + kObjectSize, sizeof scratch_.texts[0]};
    }
    const uint32_t texts =
        codes == 0 ? 0 : whole(memory_.read(scratch_.texts, scratch_.pieces, kTexts * codes), sizeof scratch_.texts[0]);
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
      if (has_own_code(frames, i)) next++;
      frames[i].print = is_function(frames[i]) && kTexts * next <= texts ? print_of(next - 1) : 0;
      if (frames[i].print != 0 && has_own_code(frames, i)) keep_texts(next - 1, frames[i].print);
    }
  }

  void keep_texts(uint32_t index, uint64_t print) {
    if (texts_ == nullptr || kept_ == kPythonTexts) return;
    PythonTexts& to = texts_[kept_++];
    to.print = print;
    to.first_line = line_of(index);
    for (uint32_t i = 0; i < PythonTexts::kWords; i++) to.file[i] = scratch_.texts[kTexts * index][i];
    for (uint32_t i = 0; i < PythonTexts::kWords; i++) to.name[i] = scratch_.texts[kTexts * index + 1][i];
    if (kept_ < kPythonTexts) texts_[kept_].print = 0;
  }

  [[nodiscard]] bool is_function(const PythonFrame& frame) const { return frame.instruction >> 56 < of_.first_marker; }

  /// In recursion a frame has its caller's.
  [[nodiscard]] bool has_own_code(const PythonFrame* frames, uint32_t i) const {
    return is_function(frames[i]) && (i == 0 || !is_function(frames[i - 1]) || frames[i].code != frames[i - 1].code);
  }

  [[nodiscard]] uint64_t line_of(uint32_t index) const {
    return scratch_.codes[index][0] >> (8 * (of_.code_first_line % 8)) & 0xffffffff;
  }

  /// Of all from the first line to the location table: counts, lists and names, which stay while the code lives, and from
  /// 3.12 on its version, which no other code has.
  [[nodiscard]] uint64_t print_of(uint32_t index) const {
    const uint64_t from = of_.code_first_line / 8 * 8;
    uint64_t print = 0;
    for (uint32_t i = 0; i <= (of_.code_file + kCodeTableFromFile - from) / 8; i++) {
      print = mixed(print, scratch_.codes[index][i]);
    }
    const auto* const texts = scratch_.texts + kTexts * index;
    print = text_print(print, texts[0], of_.text_data);
    print = text_print(print, texts[1], of_.text_data);
    print = text_print(print, texts[2], kBytesData);
    return print == 0 ? 1 : print;
  }

  [[nodiscard]] static uint32_t whole(long bytes, uint64_t size) {
    return bytes <= 0 ? 0 : static_cast<uint32_t>(static_cast<uint64_t>(bytes) / size);
  }

  const PythonTarget& of_;
  Memory memory_;
  Scratch& scratch_;
  PythonTexts* texts_ = nullptr;  // null: not wanted
  uint32_t kept_ = 0;
  bool is_given_up_ = false;  // there are more threads than were looked at
  uint64_t window_at_ = 0;
  uint64_t window_end_ = 0;
};

}  // namespace prof::payload
