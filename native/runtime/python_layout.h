// Where CPython keeps its frames: what its binary says (symbols, version), and the offsets that belong to it. Since 3.13
// the process publishes a table of them for debuggers; 3.11 and 3.12 had theirs for all of their releases. Whatever
// they say is checked against the running process before it is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "capture/payload/python_frames.h"
#include "runtime/heap_source.h"
#include "unwind/byte_source.h"
#include "unwind/cfi_lookup.h"

namespace prof {

/// Addresses of the types that objects must be of; `bytes` 0: not exported, so no lines.
struct PythonTypes {
  uint64_t code = 0;
  uint64_t text = 0;
  uint64_t bytes = 0;

  [[nodiscard]] PythonTypes moved_by(uint64_t bias) const {
    return {code + bias, text + bias, bytes == 0 ? 0 : bytes + bias};
  }
};

/// Of the file that holds the interpreter; addresses are the file's own.
struct PythonBinary {
  uint32_t version = 0;  // PY_VERSION_HEX; 0: older than 3.11, which does not tell
  uint64_t runtime = 0;
  PythonTypes types;
  std::vector<CodeStretch> eval;  // _PyEval_EvalFrameDefault, wherever compilers put parts of it

  /// `3.11.2`; empty when it does not tell.
  [[nodiscard]] std::string version_text() const;
  [[nodiscard]] bool is_eval(uint64_t va) const;
};

/// Nothing when the file is no interpreter.
[[nodiscard]] std::optional<PythonBinary> read_python_binary(const ByteSource& file);

enum class PythonUnreadable : uint8_t {
  not_yet,          // the interpreter has not begun
  unknown_version,
  no_symbols,       // its types or its evaluation loop cannot be found
  free_threaded,    // built without the global interpreter lock
  wrong_offsets,    // the process does not agree with them
};

/// Where the walk finds everything, checked once against the process. `bias`: what is added to the file's addresses.
[[nodiscard]] std::variant<payload::PythonTarget, PythonUnreadable> make_python_target(const PythonBinary& binary,
                                                                                       uint64_t bias, HeapSource& memory);

}  // namespace prof
