// Opens the file behind a mapping of another process and reads its ModuleImage. The path in maps is a name in
// the target's mount namespace and may meanwhile name another file, so each way of opening proves itself.
// Never maps a file: one that is cut short while mapped would be a SIGBUS here.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "base/unique_fd.h"
#include "proc/maps.h"
#include "proc/process_memory.h"
#include "unwind/byte_source.h"
#include "unwind/module_image.h"

namespace prof {

/// An open file, which must outlive the source.
class FileSource : public ByteSource {
 public:
  FileSource(int fd, uint64_t size) : fd_(fd), size_(size) {}

  [[nodiscard]] size_t read_at(uint64_t offset, std::span<std::byte> out) const override;
  [[nodiscard]] uint64_t size() const override { return size_; }

 private:
  int fd_;
  uint64_t size_;
};

enum class OpenedBy : uint8_t {
  map_files,  // /proc/PID/map_files: the very file, also when deleted. Needs privilege
  root,       // the path under /proc/PID/root, checked by device and inode or by build id
  exe,        // /proc/PID/exe, checked likewise
  memory,     // the target's memory: no symbol table, no fd
  vdso,       // the kernel's vdso, copied from memory
  none,       // nothing worked
};

struct ElfFile {
  OpenedBy opened_by = OpenedBy::none;
  UniqueFd fd;  // a memory file for the vdso; invalid for `memory` and `none`
  uint64_t size = 0;
  bool is_elf = true;                // false: it could be read and is something else
  std::optional<ModuleImage> image;  // nothing unless it is an x86-64 ELF file
};

/// Opens the file of `mappings`: all mappings of one file (same device, inode and path) in one process.
[[nodiscard]] ElfFile open_mapped_elf(pid_t pid, std::span<const Mapping> mappings, ProcessMemory& memory);

/// The vdso, whose mapping is given: our own when it has the same size (same kernel, same image), else the
/// target's bytes.
[[nodiscard]] ElfFile open_vdso(const Mapping& mapping, ProcessMemory& memory);

/// A file by path, for look-ups without a process. opened_by is `root`.
[[nodiscard]] ElfFile open_elf_path(const std::string& path);

/// Fills all of `out` from a file offset; false when the file is shorter.
[[nodiscard]] bool read_file_at(int fd, uint64_t offset, std::span<std::byte> out);

/// Opens a regular file for reading, never blocking on a pipe or device that took its place.
[[nodiscard]] UniqueFd open_regular_file(const std::string& path, uint64_t& size);

}  // namespace prof
