// prof_tui_injector: does all ptrace work on a target for one capture engine. A process of its own, in a session of
// its own: it outlives a profiler that is killed at any moment, takes everything back, and ends. Started by the
// engine with its socket as standard input; all signals are blocked by then.
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "capture/injector/injection.h"
#include "capture/injector/protocol.h"
#include "capture/injector/rehearsal.h"
#include "capture/injector/target_view.h"

namespace prof::injector {
namespace {

constexpr int kSocket = 0;
constexpr int kFollowIntervalMs = 100;
constexpr int kTakeBackTries = 600;

class Injector {
 public:
  /// Serves requests until the engine is gone, then takes everything back.
  void serve() {
    for (;;) {
      pollfd socket{kSocket, POLLIN, 0};
      const bool follows = injection_ && injection_->per_thread();
      const int events = poll(&socket, 1, follows ? kFollowIntervalMs : -1);
      if (events == 0) {
        // A thread that cannot be reached now is tried again next time.
        if (injection_->follow(false)) continue;
        continue;
      }
      Request request;
      const ssize_t size = recv(kSocket, &request, sizeof request, 0);
      if (size < 0 && errno == EINTR) continue;
      if (size != sizeof request) break;
      const auto refusal = answer(request);
      send_reply(refusal);
      if (request.kind == RequestKind::detach && !refusal) return;
    }
    if (injection_) take_back();
  }

 private:
  std::optional<Refusal> answer(const Request& request) {
    if (!injection_) injection_ = std::make_unique<Injection>(request.pid);
    switch (request.kind) {
      case RequestKind::attach:
        return attach(request);
      case RequestKind::rearm:
        return injection_->follow(true);
      case RequestKind::detach:
        return injection_->detach();
    }
    return Refusal{"injector", "request", EINVAL};
  }

  std::optional<Refusal> attach(const Request& request) {
    const Seccomp seccomp = compare_seccomp(request.pid);
    if (seccomp == Seccomp::other) return Refusal{"seccomp", std::to_string(request.pid), EACCES};
    Timers timers = request.timers;
    if (seccomp == Seccomp::as_ours || timers == Timers::automatic) {
      const Rehearsal rehearsal = rehearse();
      if (seccomp == Seccomp::as_ours && rehearsal.refusal) return Refusal{"seccomp", "rehearsal", EACCES};
      const Timers found = rehearsal.reaches_running_thread ? Timers::process_wide : Timers::per_thread;
      if (timers == Timers::automatic) timers = found;
    }
    return injection_->attach({request.period_ns, request.stack_bytes, timers == Timers::per_thread});
  }

  /// Nobody waits for an answer any more. A target that is stopped, say, is tried again: its timers end by the lease,
  /// but handler and ring should not stay.
  void take_back() {
    constexpr timespec kPause{1, 0};
    for (int i = 0; i < kTakeBackTries && injection_->detach(); i++) nanosleep(&kPause, nullptr);
  }

  void send_reply(const std::optional<Refusal>& refusal) const {
    Reply reply;
    if (refusal) {
      reply.error = refusal->error;
      std::memcpy(reply.call, refusal->syscall.data(), std::min(refusal->syscall.size(), sizeof reply.call - 1));
    } else {
      reply.base = injection_->base();
      reply.ring_bytes = injection_->ring_bytes();
      reply.clock_ahead_ns = injection_->clock_ahead_ns();
      reply.timers = injection_->per_thread() ? Timers::per_thread : Timers::process_wide;
    }
    send(reply, refusal ? -1 : injection_->memory());
  }

  static void send(Reply& reply, int fd) {
    iovec data{&reply, sizeof reply};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (fd >= 0) {
      message.msg_control = room;
      message.msg_controllen = sizeof room;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof fd);
      std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    // Nobody there any more: the next read of the socket says so too.
    static_cast<void>(sendmsg(kSocket, &message, MSG_NOSIGNAL));
  }

  std::unique_ptr<Injection> injection_;
};

}  // namespace
}  // namespace prof::injector

int main() {
  // What the profiler has open and did not mark is not ours to hold.
  syscall(SYS_close_range, 3U, ~0U, 0U);
  prof::injector::Injector().serve();
  return 0;
}
