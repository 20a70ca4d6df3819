// Stack memory beyond the copy of a sample.
#pragma once

#include <cstdint>

namespace prof {

/// Reads stack memory of the live target, later than the sample: what it says must prove itself.
class LateStack {
 public:
  virtual ~LateStack() = default;
  virtual bool read_word(uint64_t address, uint64_t& out) = 0;
};

}  // namespace prof
