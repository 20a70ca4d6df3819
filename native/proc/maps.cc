// Line by line; the file is read whole before parsing so that one pass of the kernel gives one picture.
#include "proc/maps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "base/unique_fd.h"

namespace prof {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr size_t kReadBytes = 1 << 16;

class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  template <class T>
  bool number(T& out, int base, char separator) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out, base);
    if (error != std::errc{}) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return skip(separator);
  }

  bool protection(int& out) {
    if (rest_.size() < 5) return false;
    out = (rest_[0] == 'r' ? PROT_READ : 0) | (rest_[1] == 'w' ? PROT_WRITE : 0) |
          (rest_[2] == 'x' ? PROT_EXEC : 0);
    rest_.remove_prefix(4);
    return skip(' ');
  }

  std::string_view padded_rest() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    return rest_;
  }

 private:
  // The last number may end the line: then there is no path.
  bool skip(char separator) {
    if (rest_.empty()) return separator == ' ';
    if (rest_.front() != separator) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

// The kernel escapes only the newline of a path, as \012 (fs/proc/task_mmu.c, seq_path with "\n").
std::string unescape_newlines(std::string_view path) {
  constexpr std::string_view kNewline = "\\012";
  std::string text;
  for (size_t at = 0; at < path.size();) {
    const bool is_newline = path.substr(at).starts_with(kNewline);
    text += is_newline ? '\n' : path[at];
    at += is_newline ? kNewline.size() : 1;
  }
  return text;
}

std::optional<Mapping> parse_line(std::string_view line) {
  Mapping mapping;
  LineReader reader(line);
  const bool ok = reader.number(mapping.lo, 16, '-') && reader.number(mapping.hi, 16, ' ') &&
                  reader.protection(mapping.prot) && reader.number(mapping.offset, 16, ' ') &&
                  reader.number(mapping.dev_major, 16, ':') && reader.number(mapping.dev_minor, 16, ' ') &&
                  reader.number(mapping.inode, 10, ' ');
  if (!ok || mapping.lo >= mapping.hi) return std::nullopt;
  std::string_view path = reader.padded_rest();
  mapping.deleted = path.ends_with(kDeleted);
  if (mapping.deleted) path.remove_suffix(kDeleted.size());
  mapping.path = unescape_newlines(path);
  return mapping;
}

}  // namespace

bool Mapping::is_executable() const { return (prot & PROT_EXEC) != 0; }

std::vector<Mapping> parse_maps(std::string_view text) {
  std::vector<Mapping> mappings;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (auto mapping = parse_line(text.substr(0, end))) mappings.push_back(std::move(*mapping));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return mappings;
}

MapsResult read_maps(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/maps";
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {errno, {}};
  std::string text;
  size_t length = 0;
  for (;;) {
    text.resize(length + kReadBytes);
    const ssize_t got = read(fd.get(), text.data() + length, kReadBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {errno, {}};
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  text.resize(length);
  return {0, parse_maps(text)};
}

}  // namespace prof
