// How much of its stack a Go function has taken where it was interrupted. Go has no call-frame data, and a function that calls
// nothing keeps no frame pointer: rbp is its caller's. The runtime's own table (.gopclntab) knows, stripped or not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "unwind/code_map.h"
#include "unwind/code_reader.h"

namespace prof {

class GoFrames {
 public:
  /// `reader` must outlive this. The table is read from the target's memory, where it always is.
  explicit GoFrames(CodeReader& reader) : reader_(reader) {}

  /// Bytes between the stack pointer and the return address at `address`, an absolute one in `range`. Nothing when the
  /// range is no Go program's, the function moves the stack pointer by itself (assembly), or the table is damaged.
  [[nodiscard]] std::optional<uint32_t> bytes_at(const CodeRange& range, uint64_t address);
  /// Whether the function at `address` is Go's asyncPreempt: it stands where a goroutine was interrupted at any
  /// instruction, as if that had called it.
  [[nodiscard]] bool is_interruption(const CodeRange& range, uint64_t address);
  /// Whether what stands before `return_address` calls the function at `address`, be it through a jump. Nothing where that
  /// cannot be told: a call by a register, no call at all, no table.
  [[nodiscard]] std::optional<bool> calls(const CodeRange& range, uint64_t address, uint64_t return_address);
  /// Where the function at `address` was called by one that itself was called from before `return_address`. Nothing where
  /// that cannot be told, as in a function that has several such calls.
  /// @param argument an address in the function that it was called with, which tells such calls apart; or 0
  [[nodiscard]] std::optional<uint64_t> caller_between(const CodeRange& range, uint64_t address, uint64_t return_address,
                                                       uint64_t argument);
  /// Whether `return_address` is in goexit, where goroutines begin: as if that had made a call by its first instruction.
  [[nodiscard]] bool begins_goroutine(const CodeRange& range, uint64_t return_address) {
    return entry_of(range, return_address) == return_address - 1;
  }
  /// Whether the call that ends at `address` was made without a frame (write barriers): rbp is that of the caller's. Not so
  /// of goexit, whose first instruction stands for a call.
  [[nodiscard]] bool calls_without_frame(const CodeRange& range, uint64_t address) {
    return bytes_at(range, address) == 0U && entry_of(range, address) != address;
  }
  /// Whether the function at `address` is one of Go's that move the stack pointer by themselves: where it points to is
  /// not known of its instructions.
  [[nodiscard]] bool moves_stack_pointer(const CodeRange& range, uint64_t address) {
    return range.go_table != 0 && entry_of(range, address) != 0 && !bytes_at(range, address);
  }
  /// To be called after the code map changed.
  void flush();

 private:
  // Of runtime.pcHeader; addresses are absolute.
  struct Table {
    uint32_t magic = 0;
    uint64_t text = 0;  // entries count from here; 0: they are addresses of the file
    uint64_t values = 0;
    uint64_t functions = 0;
    uint64_t count = 0;
  };
  struct Function {
    uint64_t entry = 0;
    uint64_t end = 0;
    uint64_t record = 0;
  };

  [[nodiscard]] bool jumps_to(uint64_t address, uint64_t entry);
  [[nodiscard]] std::optional<uint32_t> look_up(const CodeRange& range, uint64_t address);
  [[nodiscard]] const Table* table_of(const CodeRange& range);
  /// Absolute start of the function at an absolute address; 0 when the table does not say.
  [[nodiscard]] uint64_t entry_of(const CodeRange& range, uint64_t address);
  /// The function at an absolute address, by absolute ones.
  [[nodiscard]] std::optional<Function> function_at(const CodeRange& range, uint64_t address);
  [[nodiscard]] std::optional<bool> look_at_call(uint64_t entry, uint64_t return_address);
  /// Where the function calls the one at `entry`, if it does so at one place alone, or at one alone for `argument`.
  [[nodiscard]] std::optional<uint64_t> call_in(const Function& function, uint64_t entry, uint64_t argument);
  /// Whether code that stands at `start` takes the address of a function, or of a word that holds it.
  [[nodiscard]] bool refers_to(std::span<const std::byte> code, uint64_t start, uint64_t entry);
  [[nodiscard]] std::optional<Table> read_table(const CodeRange& range);
  [[nodiscard]] std::optional<Function> find(const Table& table, uint64_t pc);
  [[nodiscard]] std::optional<uint32_t> value_at(uint64_t stream, uint64_t entry, uint64_t pc);
  [[nodiscard]] bool read(uint64_t address, std::span<std::byte> out) {
    return reader_.read_code(address, out) == out.size();
  }

  CodeReader& reader_;
  std::unordered_map<uint64_t, std::optional<Table>> tables_;    // by address
  std::unordered_map<uint64_t, std::optional<uint32_t>> known_;  // by pc
  std::unordered_map<uint64_t, std::optional<Function>> functions_;  // by address
  std::unordered_map<uint64_t, bool> interruptions_;                 // by entry
  // By the callee's entry and the return address.
  std::map<std::pair<uint64_t, uint64_t>, std::optional<bool>> calls_;
  std::map<std::tuple<uint64_t, uint64_t, uint64_t>, std::optional<uint64_t>> callers_;  // and the argument's entry
};

}  // namespace prof
