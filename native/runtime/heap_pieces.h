// Memory of a walk of Python frames (capture/payload/python_walk.h) that is read through a HeapSource.
#pragma once

#include "capture/payload/python_frames.h"
#include "runtime/heap_source.h"

namespace prof {

struct HeapPieces {
  HeapSource* memory;  // outlives this

  /// Pieces one after the other into one buffer, as process_vm_readv does; returns the bytes of whole pieces.
  long read(void* into, const payload::PythonScratch::Piece* pieces, uint32_t count) const {
    auto* at = static_cast<std::byte*>(into);
    long bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
      if (memory->read(pieces[i].address, {at, pieces[i].size}) != pieces[i].size) break;
      at += pieces[i].size;
      bytes += static_cast<long>(pieces[i].size);
    }
    return bytes;
  }
};

}  // namespace prof
