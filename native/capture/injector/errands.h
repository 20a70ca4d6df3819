// The two things a thread is ever sent to do: make our mapping, call the payload in it.
#pragma once

#include <vector>

#include "capture/injector/handover.h"
#include "capture/payload/layout.h"

namespace prof::injector {

/// Runs the map stub from a hole in code that the target already has; the hole's zeros are put back by the next
/// errand.
class MapErrand final : public Errand {
 public:
  MapErrand(uint64_t hole, uint64_t wanted_base);
  [[nodiscard]] uint64_t entry() const override { return hole_; }
  [[nodiscard]] std::span<const Poke> fill(const payload::Resume& resume) override;
  [[nodiscard]] bool restores_mask() const override { return false; }
  [[nodiscard]] uint64_t open_signals() const override { return 0; }
  void set_thread(pid_t) override {}
  /// What takes the stub away again.
  [[nodiscard]] std::vector<Poke> zeros() const;
  static size_t size();

 private:
  uint64_t hole_;
  uint64_t wanted_base_;
  std::vector<Poke> pokes_;
};

class CallErrand final : public Errand {
 public:
  /// `before` is written first: the payload's code, say.
  CallErrand(uint64_t base, const payload::Command& command, std::vector<Poke> before);
  [[nodiscard]] uint64_t entry() const override { return base_; }
  [[nodiscard]] std::span<const Poke> fill(const payload::Resume& resume) override;
  [[nodiscard]] bool restores_mask() const override { return true; }
  [[nodiscard]] uint64_t open_signals() const override { return uint64_t{1} << (command_.signal - 1); }
  void set_thread(pid_t tid) override { command_.tid = tid; }

 private:
  uint64_t base_;
  payload::Command command_;
  std::vector<Poke> pokes_;
  size_t command_at_;
};

/// The payload's code as words to be written at `base`.
std::vector<Poke> code_pokes(uint64_t base);

}  // namespace prof::injector
