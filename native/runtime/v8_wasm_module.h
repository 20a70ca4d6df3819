// The code of one WebAssembly module in V8: its NativeModule and WasmCode, C++ objects whose fields no constant tells.
// Where these lie is found in the module at hand, by what can be true of one place only; nothing is known of versions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/heap_source.h"
#include "runtime/wasm_binary.h"

namespace prof {

class V8WasmModule {
 public:
  static constexpr size_t kCodeWords = 12;
  /// A WasmCode: the module it is of, where its instructions start, and more.
  struct Code {
    uint64_t object = 0;
    std::array<uint64_t, kCodeWords> words{};

    [[nodiscard]] uint64_t module() const { return words[0]; }
    [[nodiscard]] uint64_t start() const { return words[1]; }
    /// A field of 32 bits, by its place among all of them.
    [[nodiscard]] int32_t half(size_t place) const {
      return static_cast<int32_t>(words[place / 2] >> (place % 2 * 32));
    }
  };

  /// Nothing unless what is at the address is a NativeModule whose every part was found, and found once.
  [[nodiscard]] static std::optional<V8WasmModule> find(HeapSource& memory, uint64_t address);

  /// The code whose instructions hold the address; nothing where it cannot be told which function's it is.
  [[nodiscard]] std::optional<Code> code_at(HeapSource& memory, uint64_t address) const;
  [[nodiscard]] uint32_t function_of(const Code& code) const { return static_cast<uint32_t>(code.half(index_)); }
  /// The module is still the one whose binary was read.
  [[nodiscard]] bool is_same(HeapSource& memory) const;

  [[nodiscard]] uint64_t address() const { return address_; }
  /// Of the object that holds the binary.
  [[nodiscard]] ProofRange binary_slot() const { return {binary_at_, 1}; }
  [[nodiscard]] const WasmBinary& binary() const { return binary_; }

 private:
  /// Of an std::map: color, parent, left, right, then what is in it.
  using Node = std::array<uint64_t, 6>;
  static constexpr size_t kParent = 1, kLeft = 2, kRight = 3, kKey = 4, kValue = 5;
  /// A word for each of the module's own functions, null or its code: the first codes, and of which functions they are.
  struct Table {
    std::vector<Code> codes;
    std::vector<uint32_t> functions;
  };
  struct Bytes {
    uint64_t first = 0;
    uint64_t length = 0;
  };

  [[nodiscard]] static std::optional<Node> read_node(HeapSource& memory, uint64_t address);
  [[nodiscard]] bool find_binary(HeapSource& memory, std::span<const uint64_t> words);
  /// The first codes of the map by address; empty while nothing is in it.
  [[nodiscard]] std::vector<Code> tree_codes(HeapSource& memory, std::span<const uint64_t> words) const;
  /// What is not in the map yet.
  [[nodiscard]] std::vector<Code> new_codes(HeapSource& memory, std::span<const uint64_t> words) const;
  [[nodiscard]] bool collect(HeapSource& memory, uint64_t node, int depth, std::vector<Code>& codes) const;
  /// Where a WasmCode has the size of its code and the index of its function.
  [[nodiscard]] bool find_fields(HeapSource& memory, std::span<const uint64_t> words, std::span<const Code> codes);
  [[nodiscard]] static size_t adjoining(std::span<const Code> codes, size_t place);
  [[nodiscard]] bool is_index(std::span<const Code> codes, const Table& table, size_t place) const;
  [[nodiscard]] Table read_table(HeapSource& memory, uint64_t address) const;
  [[nodiscard]] std::optional<Code> read_code(HeapSource& memory, uint64_t object) const;
  /// The code in a map that is nearest below the address. @param header of the map; its `parent` is the root
  [[nodiscard]] std::optional<Code> nearest(HeapSource& memory, uint64_t header, uint64_t root, uint64_t address) const;
  [[nodiscard]] std::optional<Code> find_code(HeapSource& memory, uint64_t address) const;
  [[nodiscard]] bool holds(const Code& code, uint64_t address) const;

  uint64_t address_ = 0;
  uint64_t binary_at_ = 0;  // of the pointer to what holds the binary
  Bytes bytes_;
  std::vector<std::byte> ends_;  // the binary's first and last bytes
  WasmBinary binary_;
  size_t size_ = 0, index_ = 0;  // halves of a WasmCode
};

}  // namespace prof
