#include "base/demangle.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace prof {
namespace {

// Demangling can grow a name exponentially; no real symbol worth reading is longer than this.
constexpr size_t kLongestName = 4096;

struct Free {
  void operator()(char* text) const { std::free(text); }
};

}  // namespace

std::string demangle(const std::string& name) {
  if (name.size() > kLongestName || !name.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, Free> readable(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
  return status == 0 && readable ? std::string(readable.get()) : name;
}

}  // namespace prof
