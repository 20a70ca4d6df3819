// The target's code, kept current: reads its mappings, opens each file once, has the call-frame tables built
// in the background and offers both as one CodeMap. All methods belong to the drain thread; only the table
// builder works elsewhere. Does not unwind and knows no symbols.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "proc/elf_image.h"
#include "proc/maps.h"
#include "proc/process_memory.h"
#include "unwind/code_map.h"
#include "unwind/table_builder.h"

namespace prof {

enum class CfiState : uint8_t { pending, ready, none };

struct ModuleInfo {
  uint32_t id = 0;
  std::string path;
  std::string build_id;  // lower-case hex, empty when unknown
  uint64_t dev = 0;      // as in maps: makedev(major, minor)
  uint64_t inode = 0;
  uint64_t size = 0;
  OpenedBy opened_by = OpenedBy::none;
  int fd = -1;  // owned by TargetModules, open as long as it lives; of the first 512 files only
  CfiState cfi = CfiState::none;
};

class TargetModules {
 public:
  explicit TargetModules(pid_t pid);
  TargetModules(const TargetModules&) = delete;
  TargetModules& operator=(const TargetModules&) = delete;
  ~TargetModules();  // joins the builder thread

  /// Reads the mappings anew; 0 or errno (then the old map stays). Ids are dense from 0 and never change;
  /// tables of new modules are queued, the biggest executable mapping first. Invalidates code_map() ranges.
  /// Of more than 16,384 files the later ones count as code without a file.
  [[nodiscard]] int refresh();
  /// Whether some code can be unwound only when its table is built: its file has none to look rules up in meanwhile.
  [[nodiscard]] bool needs_tables() const;
  /// Until all queued tables are built or the time is over. They are used after adopt_ready().
  void wait_ready(std::chrono::milliseconds timeout);
  /// Takes finished tables into the code map. True: ranges changed, the unwinder must be flushed.
  bool adopt_ready();

  [[nodiscard]] const CodeMap& code_map() const { return code_map_; }
  [[nodiscard]] const std::vector<ModuleInfo>& modules() const { return infos_; }
  /// Compiled table of a module, null while pending or when it has none.
  [[nodiscard]] const CfiTable* table(uint32_t module) const;
  /// Start of the function (FDE) that holds an ELF virtual address, 0 when none does.
  [[nodiscard]] uint64_t function_start(uint32_t module, uint64_t va) const;
  /// End of the mapping that holds `sp` at the last refresh, 0 if unknown.
  [[nodiscard]] uint64_t stack_top(uint64_t sp) const;
  /// Forgets the mappings. Modules, their ids and fds stay, so frames from before the exec keep their names.
  void reset_after_exec();

 private:
  using FileKey = std::pair<std::pair<uint64_t, uint64_t>, std::string>;  // device, inode, path
  struct Module {
    UniqueFd fd;
    std::shared_ptr<ModuleImage> image;  // section bytes are dropped once the table is adopted
    std::unique_ptr<const CfiTable> table;
  };
  struct NewModule {
    uint32_t id;
    uint64_t executable_bytes;
  };

  [[nodiscard]] CodeRange range_of(const Mapping& mapping, std::vector<NewModule>& added);
  [[nodiscard]] uint32_t module_of(const Mapping& mapping, std::vector<NewModule>& added);
  uint32_t add_module(const Mapping& mapping, ElfFile file, std::vector<NewModule>& added);
  [[nodiscard]] std::vector<Mapping> mappings_of(const Mapping& file) const;
  [[nodiscard]] bool is_text_on_huge_pages(const Mapping& mapping, const CodeRange& before);
  void enqueue_tables(std::vector<NewModule>& added);

  pid_t pid_;
  ProcessMemory memory_;
  std::vector<Mapping> mappings_;
  std::vector<Module> modules_;  // by id, beside infos_
  std::vector<ModuleInfo> infos_;
  size_t open_files_ = 0;  // ever asked to stay open
  std::map<FileKey, uint32_t> ids_;  // kNoModule: a file that is not ELF
  CodeMap code_map_;
  TableBuilder builder_;  // last: its thread ends before the rest goes
};

}  // namespace prof
