#include "capture/injector_link.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <array>
#include <cstring>
#include <string>

extern char** environ;

namespace prof {
namespace {

// The injector's own limits add up to less.
constexpr int kAnswerPatienceMs = 40'000;
constexpr int kEndPatienceMs = 300;

/// Beside the addon that holds this code.
std::string injector_path() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&injector_path), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string addon = info.dli_fname;
  return addon.substr(0, addon.rfind('/') + 1) + "prof_tui_injector";
}

/// In a session of its own, with nothing of ours but the socket: it must outlive us and hold up nothing.
int spawn_injector(const std::string& path, int socket, pid_t& process) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, socket, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  std::array<char, 20> name{"prof_tui_injector"};
  std::array<char*, 2> words{name.data(), nullptr};
  const int error = posix_spawn(&process, path.c_str(), &files, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

InjectorLink::~InjectorLink() { close_and_reap(); }

std::optional<Refusal> InjectorLink::start() {
  const std::string path = injector_path();
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return Refusal{"socketpair", path, errno};
  socket_.reset(ends[0]);
  const UniqueFd theirs(ends[1]);
  const int error = spawn_injector(path, theirs.get(), process_);
  if (error == 0) return std::nullopt;
  socket_.reset();
  return Refusal{"injector", path, error};
}

void InjectorLink::send(const injector::Request& request) {
  if (::send(socket_.get(), &request, sizeof request, MSG_NOSIGNAL) != sizeof request) socket_.reset();
}

bool InjectorLink::poll_answer() {
  pollfd answered{socket_.get(), POLLIN, 0};
  if (!socket_.valid() || poll(&answered, 1, 0) != 1) return false;
  injector::Reply reply;
  UniqueFd memory;
  return !receive(reply, memory) || socket_.valid();
}

std::optional<Refusal> InjectorLink::ask(const injector::Request& request, injector::Reply& reply, UniqueFd& memory) {
  send(request);
  pollfd answered{socket_.get(), POLLIN, 0};
  if (socket_.valid() && poll(&answered, 1, kAnswerPatienceMs) == 1) return receive(reply, memory);
  socket_.reset();
  return Refusal{"injector", std::to_string(request.pid), EPIPE};
}

std::optional<Refusal> InjectorLink::receive(injector::Reply& reply, UniqueFd& memory) {
  iovec data{&reply, sizeof reply};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC) != sizeof reply) {
    socket_.reset();
    return Refusal{"injector", "answer", EPIPE};
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    memory.reset(fd);
  }
  if (reply.error == 0) return std::nullopt;
  reply.call[sizeof reply.call - 1] = '\0';
  return Refusal{reply.call, "target", reply.error};
}

/// It ends when it reads the end of the socket, mostly at once; one that still has to take something back goes on
/// without us.
void InjectorLink::close_and_reap() {
  socket_.reset();
  if (process_ <= 0) return;
  constexpr timespec kLook{0, 1'000'000};
  for (int i = 0; i < kEndPatienceMs; i++) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) break;
    nanosleep(&kLook, nullptr);
  }
  process_ = -1;
}

}  // namespace prof
