// The engine's end of its injector: starts the process, asks, waits for the answer. Closing the link makes the
// injector take everything back, also when we are killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/refusal.h"
#include "base/unique_fd.h"
#include "capture/injector/protocol.h"

namespace prof {

class InjectorLink {
 public:
  InjectorLink() = default;
  ~InjectorLink();
  InjectorLink(const InjectorLink&) = delete;
  InjectorLink& operator=(const InjectorLink&) = delete;

  [[nodiscard]] std::optional<Refusal> start();
  /// Asks and waits. `memory` receives the descriptor that an attach answers with.
  [[nodiscard]] std::optional<Refusal> ask(const injector::Request& request, injector::Reply& reply, UniqueFd& memory);
  /// Asks without waiting; the answer is taken by `poll_answer`.
  void send(const injector::Request& request);
  /// True when an answer was there.
  [[nodiscard]] bool poll_answer();
  [[nodiscard]] bool is_open() const { return socket_.valid(); }

 private:
  [[nodiscard]] std::optional<Refusal> receive(injector::Reply& reply, UniqueFd& memory);
  void close_and_reap();

  UniqueFd socket_;
  pid_t process_ = -1;
};

}  // namespace prof
