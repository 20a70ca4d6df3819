// What a Method of HotSpot is: class, name, source file, lines. Its objects point at each other in a ring (method,
// constants, class and back); memory where the ring does not close is no method.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/hotspot_calls.h"
#include "runtime/hotspot_layout.h"
#include "runtime/hotspot_unloading.h"
#include "runtime/object_bytes.h"
#include "runtime/runtime_function.h"
#include "runtime/unsigned5.h"

namespace prof {

/// An entry of a method's line table: bytecodes from `bci` on are of this line.
struct JavaLine {
  uint32_t bci = 0;
  uint32_t line = 0;
  bool operator==(const JavaLine&) const = default;
};

struct JavaMethod {
  RuntimeFunction function;  // its line is the first that has code
  uint64_t bytecodes = 0;    // address of the first
  uint32_t bytecode_count = 0;
  std::vector<JavaLine> lines;
  uint64_t pool = 0;  // address of its constants

  /// Line of a bytecode; 0 when it cannot be told.
  [[nodiscard]] uint32_t line_at(uint32_t bci) const;
};

class HotSpotMethods {
 public:
  /// All must outlive this.
  HotSpotMethods(const HotSpotLayout& layout, const HotSpotUnloading& unloading, HeapSource& memory)
      : layout_(layout), unloading_(unloading), memory_(memory), calls_(layout, memory) {}

  /// A stack begins; what find() gave before may be gone.
  void begin_stack();
  /// The method at an address; null when none is there. Memory is read again for it at most once in a millisecond.
  [[nodiscard]] const JavaMethod* find(uint64_t address);
  /// The same; null also when another one may have been there at the time of the sample.
  [[nodiscard]] const JavaMethod* find_at_sample(uint64_t address);
  /// Name of the method that a bytecode of the method at an address calls, empty where it calls none. Nothing: any method.
  [[nodiscard]] std::optional<std::string> called_name(uint64_t address, uint32_t bci);
  /// Reads again with a single call what find() would read of each of them; for those that will be asked for.
  void prove_all(std::span<const uint64_t> addresses);

 private:
  /// A word that changes when a class is unloaded and another takes its place. Methods of a class share most of theirs.
  struct ProofWord {
    uint64_t place;
    uint64_t expected;
    uint64_t mask;  // which of its bits
    auto operator<=>(const ProofWord&) const = default;
  };
  struct Known {
    std::optional<JavaMethod> method;
    std::vector<ProofWord> proof;
    std::unordered_map<uint32_t, std::optional<std::string>> called;  // by bytecode
    uint64_t seen_ns = 0;  // first
    uint64_t proved_ns = 0;
  };
  struct Symbol {
    uint64_t address = 0;
    std::string text;
  };

  [[nodiscard]] std::optional<std::string> read_called_name(const JavaMethod& method, uint32_t bci);
  [[nodiscard]] bool is_stale(const Known& known) const;
  [[nodiscard]] bool is_as_expected(std::vector<ProofWord> proof);
  [[nodiscard]] bool prove(Known& known);
  [[nodiscard]] bool read_method(uint64_t address, Known& known);
  void read_lines(const ObjectBytes& constants, JavaMethod& method);
  void add_proof(Known& known, const Symbol& symbol) const;
  [[nodiscard]] std::optional<Symbol> symbol_at(uint64_t address);
  [[nodiscard]] std::optional<Symbol> pool_symbol(uint64_t pool, uint64_t length, uint64_t index);

  const HotSpotLayout& layout_;
  const HotSpotUnloading& unloading_;
  HeapSource& memory_;
  HotSpotCalls calls_;
  uint64_t now_ns_ = 0;
  std::optional<Unsigned5> form_;
  std::unordered_map<uint64_t, Known> known_;
};

/// `com.example.Main` of `com/example/Main`; the address in names of hidden classes is left out.
[[nodiscard]] std::string java_class_name(std::string_view internal);

/// A method's line table, as it is compressed; empty when it is in neither form, holds other bytecodes, or the form
/// makes a difference and is not known. `form` is set where the table shows it.
[[nodiscard]] std::vector<JavaLine> read_java_lines(std::span<const std::byte> table, uint32_t bytecode_count,
                                                    std::optional<Unsigned5>& form);

}  // namespace prof
