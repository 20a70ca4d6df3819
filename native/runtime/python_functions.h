// Functions by their code objects. Names are read after the sample, so each is proved by the print that was taken at the
// sample: code that was freed since, and another put in its place, has no name rather than a wrong one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "capture/payload/python_frames.h"
#include "runtime/heap_source.h"
#include "runtime/python_layout.h"
#include "runtime/python_lines.h"
#include "runtime/runtime_function.h"

namespace prof {

class PythonFunctions {
 public:
  /// A function, or the interpreter's own code between functions, which is not to be shown.
  struct Known {
    uint64_t print = 0;
    bool is_internal = false;
    RuntimeFunction function;
    PythonLines lines;  // none of code that was gone when it was read, names come from the sample then
  };

  /// `memory` must outlive this. Types are addresses in the process.
  PythonFunctions(const payload::PythonTarget& target, const PythonTypes& types, HeapSource& memory)
      : of_(target), types_(types), memory_(memory) {}

  /// `texts`: what came with the sample. Null when it cannot be proved. Valid until the next call.
  [[nodiscard]] const Known* find(const payload::PythonFrame& frame, std::span<const payload::PythonTexts> texts);
  /// The line that a frame of this function stands at, from 1; 0: not known.
  [[nodiscard]] uint32_t line_of(const Known& known, const payload::PythonFrame& frame) const;

 private:
  [[nodiscard]] std::optional<Known> prove(const payload::PythonFrame& frame);
  [[nodiscard]] std::optional<Known> read(uint64_t code);
  [[nodiscard]] std::optional<std::string> read_text(uint64_t address);
  [[nodiscard]] PythonLines read_lines(uint64_t code, uint32_t first_line);
  [[nodiscard]] std::optional<uint64_t> word(uint64_t address);

  const payload::PythonTarget of_;
  const PythonTypes types_;
  HeapSource& memory_;
  std::unordered_map<uint64_t, Known> known_;  // by code object
  size_t lines_kept_ = 0;  // stretches of all that is known
  payload::PythonScratch scratch_{};
};

}  // namespace prof
