// What unwinding needs of one ELF file: its segments, its call-frame sections, its entry point.
// Read from any ByteSource (a file, bytes, another process); symbols and lines are not read here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {

struct ModuleImage {
  struct Segment {  // one PT_LOAD
    uint64_t file_offset = 0;
    uint64_t va = 0;
    uint64_t file_size = 0;
    uint64_t memory_size = 0;
    bool executable = false;
  };
  struct Section {
    uint64_t va = 0;
    std::vector<std::byte> bytes;
  };

  std::vector<Segment> segments;
  Section eh_frame;
  Section eh_frame_hdr;
  uint64_t entry = 0;
  uint64_t base_va = 0;  // page-aligned lowest PT_LOAD address: table offsets count from here
  uint64_t text_lo = 0;  // bounds of the executable segments
  uint64_t text_hi = 0;
  uint64_t go_table = 0;  // address of Go's .gopclntab, 0: no Go program
  uint64_t go_text = 0;   // of its .text
  std::string build_id;  // lower-case hex, empty when the file has none

  [[nodiscard]] bool is_text(uint64_t va) const { return va >= text_lo && va < text_hi; }

  /// ELF virtual address + bias = absolute address, for a mapping of this file at `lo` with file offset
  /// `offset`. Taken from the executable segment that holds the offset, never from the lowest address:
  /// segments of one file need not keep the same va - offset. Nothing when no segment holds it.
  [[nodiscard]] std::optional<uint64_t> bias_of(uint64_t lo, uint64_t offset) const;
};

/// Reads a 64-bit little-endian x86-64 ELF file. Nothing when it is not one. Missing or damaged call-frame
/// sections come back empty. `.eh_frame` is found by section name, else through PT_GNU_EH_FRAME (then it
/// reaches to the end of its segment; a zero length ends the walk).
[[nodiscard]] std::optional<ModuleImage> read_module_image(const ByteSource& source);

}  // namespace prof
