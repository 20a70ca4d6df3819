// An expected "no" from the kernel, as a value: what was tried, on what, and the errno. The sentence and the cure
// are made in TypeScript.
#pragma once

#include <string>

namespace prof {

struct Refusal {
  std::string syscall;
  std::string subject;
  int error = 0;
};

}  // namespace prof
