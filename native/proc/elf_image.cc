// The order of trust: map_files, the target's root, its exe link, its memory.
#include "proc/elf_image.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "unwind/byte_source.h"

namespace prof {
namespace {

constexpr uint64_t kMaxVdsoBytes = 1 << 20;

size_t read_up_to(int fd, uint64_t offset, std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

// File offsets served from the mappings of the file. The section headers are not mapped: reads of them give
// nothing, and PT_GNU_EH_FRAME leads to the call-frame data instead.
class MappedSource : public ByteSource {
 public:
  MappedSource(std::span<const Mapping> mappings, ProcessMemory& memory)
      : mappings_(mappings), memory_(memory) {}

  [[nodiscard]] size_t read_at(uint64_t offset, std::span<std::byte> out) const override {
    for (const Mapping& mapping : mappings_) {
      const uint64_t inside = offset - mapping.offset;
      if ((mapping.prot & PROT_READ) == 0 || offset < mapping.offset || inside >= mapping.hi - mapping.lo) {
        continue;
      }
      const uint64_t available = mapping.hi - mapping.lo - inside;
      return memory_.read(mapping.lo + inside,
                          out.first(static_cast<size_t>(std::min<uint64_t>(available, out.size()))));
    }
    return 0;
  }
  [[nodiscard]] uint64_t size() const override {
    uint64_t end = 0;
    for (const Mapping& mapping : mappings_) end = std::max(end, mapping.offset + (mapping.hi - mapping.lo));
    return end;
  }

 private:
  std::span<const Mapping> mappings_;
  ProcessMemory& memory_;
};

bool is_elf(const ByteSource& source) {
  std::array<std::byte, SELFMAG> magic{};
  return source.read_at(0, magic) == magic.size() && std::memcmp(magic.data(), ELFMAG, SELFMAG) == 0;
}

ElfFile read_file(UniqueFd fd, uint64_t size, OpenedBy opened_by) {
  const FileSource source(fd.get(), size);
  ElfFile file;
  file.opened_by = opened_by;
  file.size = size;
  file.is_elf = is_elf(source);
  file.image = read_module_image(source);
  file.fd = std::move(fd);
  return file;
}

bool is_same_inode(int fd, const Mapping& mapping) {
  struct stat status{};
  return fstat(fd, &status) == 0 && status.st_ino == mapping.inode &&
         status.st_dev == makedev(mapping.dev_major, mapping.dev_minor);
}

// On overlayfs and btrfs fstat gives another device than maps does; then the build id must agree with the one
// the target has in memory.
std::optional<ElfFile> open_checked(const std::string& path, OpenedBy opened_by,
                                    std::span<const Mapping> mappings, ProcessMemory& memory) {
  uint64_t size = 0;
  UniqueFd fd = open_regular_file(path, size);
  if (!fd.valid()) return std::nullopt;
  const bool is_same = is_same_inode(fd.get(), mappings.front());
  ElfFile file = read_file(std::move(fd), size, opened_by);
  if (is_same) return file;
  if (!file.image || file.image->build_id.empty()) return std::nullopt;
  const auto in_memory = read_module_image(MappedSource(mappings, memory));
  if (!in_memory || in_memory->build_id != file.image->build_id) return std::nullopt;
  return file;
}

std::string map_files_path(const std::string& proc, const Mapping& mapping) {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "/map_files/%lx-%lx", mapping.lo, mapping.hi);
  return proc + name.data();
}

UniqueFd memory_file(const char* name, std::span<const std::byte> bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) return fd;
  const ssize_t written = write(fd.get(), bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size())) fd.reset();
  return fd;
}

std::span<const std::byte> own_vdso(uint64_t size) {
  const uint64_t base = getauxval(AT_SYSINFO_EHDR);
  if (base == 0) return {};
  for (const Mapping& mapping : read_maps(getpid()).mappings) {
    if (mapping.lo != base || mapping.hi - mapping.lo != size) continue;
    return {reinterpret_cast<const std::byte*>(base), static_cast<size_t>(size)};
  }
  return {};
}

}  // namespace

size_t FileSource::read_at(uint64_t offset, std::span<std::byte> out) const {
  return offset < size_ ? read_up_to(fd_, offset, out) : 0;
}

bool read_file_at(int fd, uint64_t offset, std::span<std::byte> out) {
  return read_up_to(fd, offset, out) == out.size();
}

UniqueFd open_regular_file(const std::string& path, uint64_t& size) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!fd.valid() || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  size = static_cast<uint64_t>(status.st_size);
  return fd;
}

ElfFile open_mapped_elf(pid_t pid, std::span<const Mapping> mappings, ProcessMemory& memory) {
  if (mappings.empty()) return {};
  const std::string proc = "/proc/" + std::to_string(pid);
  uint64_t size = 0;
  UniqueFd very_file = open_regular_file(map_files_path(proc, mappings.front()), size);
  if (very_file.valid()) return read_file(std::move(very_file), size, OpenedBy::map_files);

  const std::string root_path = proc + "/root" + mappings.front().path;
  if (auto file = open_checked(root_path, OpenedBy::root, mappings, memory)) return std::move(*file);
  if (auto file = open_checked(proc + "/exe", OpenedBy::exe, mappings, memory)) return std::move(*file);

  ElfFile from_memory;
  const MappedSource source(mappings, memory);
  from_memory.image = read_module_image(source);
  if (from_memory.image) from_memory.opened_by = OpenedBy::memory;
  return from_memory;
}

ElfFile open_vdso(const Mapping& mapping, ProcessMemory& memory) {
  const uint64_t size = mapping.hi - mapping.lo;
  if (size > kMaxVdsoBytes) return {};
  std::vector<std::byte> copied;
  std::span<const std::byte> bytes = own_vdso(size);
  if (bytes.empty()) {
    copied.resize(static_cast<size_t>(size));
    copied.resize(memory.read(mapping.lo, copied));
    bytes = copied;
  }
  const BytesSource source(bytes);
  ElfFile file;
  file.image = read_module_image(source);
  if (!file.image) return file;
  file.opened_by = OpenedBy::vdso;
  file.size = bytes.size();
  file.fd = memory_file("vdso", bytes);
  return file;
}

ElfFile open_elf_path(const std::string& path) {
  uint64_t size = 0;
  UniqueFd fd = open_regular_file(path, size);
  if (!fd.valid()) return {};
  return read_file(std::move(fd), size, OpenedBy::root);
}

}  // namespace prof
