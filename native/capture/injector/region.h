// Our mapping in a target: finds the one that an earlier attach left, or makes one, and runs the payload in it. At
// most one call is under way in a target; a call of another injector that has not ended is waited for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/refusal.h"
#include "capture/injector/handover.h"
#include "capture/payload/layout.h"

namespace prof::injector {

class Region {
 public:
  explicit Region(pid_t pid) : pid_(pid) {}

  /// Looks for the mapping by its code, byte for byte.
  [[nodiscard]] bool find();
  /// Makes the mapping in the target. A refusal leaves the target as it was.
  [[nodiscard]] std::optional<Refusal> create();

  /// The control in place, if this process itself has one (not a copy of its parent's).
  [[nodiscard]] std::optional<payload::Control> read_control() const;

  using WhenReady = std::function<std::optional<Refusal>(const payload::Outcome& ready)>;
  /// Runs one operation of the payload and waits for its end. `when_ready` prepares the shared memory of an attach.
  [[nodiscard]] std::optional<Refusal> run(payload::Operation operation, int signal, uint64_t ring_bytes,
                                           const WhenReady& when_ready, payload::Outcome& outcome);

  [[nodiscard]] uint64_t base() const { return base_; }

 private:
  [[nodiscard]] bool is_ours(uint64_t address) const;
  [[nodiscard]] std::optional<Refusal> give(Errand& errand, pid_t first_choice);
  [[nodiscard]] std::optional<Refusal> clean_hole(CodeRange hole, const std::vector<Poke>& zeros) const;
  [[nodiscard]] Refusal vanished() const;
  [[nodiscard]] std::optional<Refusal> await_idle(pid_t& last_thread) const;
  [[nodiscard]] std::optional<Refusal> await(uint64_t serial, const WhenReady& when_ready,
                                             payload::Outcome& outcome);
  [[nodiscard]] std::optional<Refusal> acknowledge(uint64_t serial, const WhenReady& when_ready,
                                                   const payload::Outcome& ready);
  [[nodiscard]] bool read(uint64_t address, void* into, size_t size) const;

  pid_t pid_;
  uint64_t base_ = 0;
  bool has_code_ = false;
  pid_t given_to_ = 0;
};

}  // namespace prof::injector
