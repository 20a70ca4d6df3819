// How CPython's own frames are read, in plain data of fixed size: what the target's handler, the engines and the reader
// of names share. A Python stack lies in memory that the program writes over at its next call, so it is read at the
// sample or not at all; names may be read later, because each frame carries a print of what they were.
#pragma once

#include <stdint.h>

namespace prof::payload {

/// Where CPython keeps what a walk needs; offsets in bytes. runtime/python_layout.h finds them.
struct PythonTarget {
  uint64_t runtime;            // address of _PyRuntime
  uint32_t interpreters_head;  // newest first; the next word is the main interpreter
  uint32_t interpreter_next;
  uint32_t interpreter_threads;
  uint32_t thread_previous;
  uint32_t thread_next;
  uint32_t thread_interpreter;
  uint32_t thread_native_id;
  uint32_t thread_frame;        // the innermost frame, or what holds it
  uint32_t holder_frame;        // in what holds it (3.11, 3.12)
  uint32_t has_holder;
  uint32_t frame_code;
  uint32_t frame_previous;
  uint32_t frame_instruction;
  uint32_t frame_mark;         // a byte: `is_entry` of 3.11, else `owner`
  uint32_t code_first_line;
  uint32_t code_file;          // then name, qualified name, location table
  uint32_t code_instructions;
  uint32_t text_data;
  uint32_t first_marker;       // marks from this on are of frames without a function (entry frames of 3.12 and later)
};

inline constexpr uint32_t kCodeNameFromFile = 16;   // co_filename, co_name, co_qualname
inline constexpr uint32_t kCodeTableFromFile = 24;  // co_linetable
inline constexpr uint32_t kObjectSize = 16;         // of a PyVarObject
inline constexpr uint32_t kBytesData = 32;          // of a PyBytesObject
inline constexpr uint32_t kTextLength = 16;        // of PyASCIIObject, behind its PyObject
inline constexpr uint64_t kObjectBits = ~uint64_t{7};  // the rest are tags (3.13: deferred references)

/// One frame of a Python stack.
struct PythonFrame {
  uint64_t code;         // the code object, with tags
  uint64_t instruction;  // the lower 56 bits: the next or the last one; above: the mark
  uint64_t print;        // of the code's names, lines and location table; 0: they could not be read
};

inline constexpr uint64_t kInstructionBits = (uint64_t{1} << 56) - 1;
inline constexpr uint32_t kPythonFrames = 128;

/// The names of a frame's code as they were at the sample: code that was made a moment ago may be gone when names are
/// read. Words of each text from its length on: length, hash, state, characters.
struct PythonTexts {
  static constexpr uint32_t kWords = 12;
  static constexpr uint32_t kBytes = 64;  // of each text
  uint64_t print;
  uint64_t first_line;
  uint64_t file[kWords];
  uint64_t name[kWords];
};
/// Of the innermost functions.
inline constexpr uint32_t kPythonTexts = 6;

struct PythonSample {
  PythonFrame frames[kPythonFrames];  // innermost first
  PythonTexts texts[kPythonTexts];    // a print of 0 ends them
};

/// What a walk returns beside the number of frames in its lower 16 bits.
inline constexpr uint32_t kPythonThread = 1U << 16;   // the thread has a Python state
inline constexpr uint32_t kPythonCut = 1U << 17;      // there are more frames
inline constexpr uint32_t kPythonUnclear = 1U << 18;  // its frames cannot be told apart from another's, or found among so many

/// Room that a walk needs while it works.
struct PythonScratch {
  static constexpr uint32_t kBatch = 32;
  static constexpr uint32_t kWindowBytes = 2048;
  static constexpr uint32_t kFrameBytes = 80;
  static constexpr uint32_t kThreadBytes = 176;
  static constexpr uint32_t kCodeWords = 10;
  static constexpr uint32_t kTextsOfCode = 3;  // file, name, and what the location table begins with

  struct Piece {  // an iovec
    uint64_t address, size;
  };
  uint64_t window[(kWindowBytes + kFrameBytes) / 8];
  uint64_t thread[kThreadBytes / 8];
  uint64_t codes[kBatch][kCodeWords];
  uint64_t texts[kTextsOfCode * kBatch][PythonTexts::kWords];
  Piece pieces[kTextsOfCode * kBatch];
};

}  // namespace prof::payload
