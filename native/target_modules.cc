// Mappings to ranges: which file, which bias, which table.
#include "target_modules.h"

#include <errno.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <utility>

#include "unwind/cfi_lookup.h"

namespace prof {
namespace {

constexpr std::string_view kVdso = "[vdso]";
// A module's file stays open, for its names are read when its first frame comes. A program that maps one file after the
// other must use up neither our descriptors nor our memory.
constexpr size_t kMostOpenFiles = 512;
constexpr size_t kMostModules = 16384;

size_t most_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMostOpenFiles;
  return std::min<size_t>(kMostOpenFiles, limit.rlim_max / 4);
}

bool is_file(const Mapping& mapping) { return mapping.inode != 0; }

uint64_t device_of(const Mapping& mapping) { return makedev(mapping.dev_major, mapping.dev_minor); }

bool is_same_file(const Mapping& a, const Mapping& b) {
  return a.inode == b.inode && device_of(a) == device_of(b) && a.path == b.path;
}

}  // namespace

TargetModules::TargetModules(pid_t pid) : pid_(pid), memory_(pid) {}

TargetModules::~TargetModules() = default;

int TargetModules::refresh() {
  MapsResult maps = read_maps(pid_);
  // The mappings known are better than none.
  if (const int refusal = maps.refusal(); refusal != 0) return refusal;
  mappings_ = std::move(maps.mappings);

  std::vector<CodeRange> ranges;
  std::vector<NewModule> added;
  for (const Mapping& mapping : mappings_) {
    if (!mapping.is_executable()) continue;
    CodeRange range = range_of(mapping, added);
    if (range.module == kNoModule && !ranges.empty() && is_text_on_huge_pages(mapping, ranges.back())) {
      range = ranges.back();
      range.lo = mapping.lo;
      range.hi = mapping.hi;
    }
    ranges.push_back(range);
  }
  code_map_ = CodeMap(std::move(ranges));
  enqueue_tables(added);
  return 0;
}

CodeRange TargetModules::range_of(const Mapping& mapping, std::vector<NewModule>& added) {
  CodeRange range;
  range.lo = mapping.lo;
  range.hi = mapping.hi;
  range.module = module_of(mapping, added);
  if (range.module == kNoModule) return range;
  const Module& module = modules_[range.module];
  // Without a segment to go by, addresses are file offsets: still one number per function.
  range.bias = mapping.lo - mapping.offset;
  if (module.image == nullptr) return range;
  const auto bias = module.image->bias_of(mapping.lo, mapping.offset);
  if (!bias) return range;
  range.bias = *bias;
  range.entry = module.image->entry;
  if (module.image->go_table != 0) {
    range.go_table = module.image->go_table + *bias;
    range.go_text = module.image->go_text + *bias;
  }
  range.table = module.table.get();
  if (infos_[range.module].cfi == CfiState::pending) range.image = module.image.get();
  return range;
}

uint32_t TargetModules::module_of(const Mapping& mapping, std::vector<NewModule>& added) {
  const bool is_vdso = mapping.path == kVdso;
  if (!is_file(mapping) && !is_vdso) return kNoModule;
  const FileKey key{{device_of(mapping), mapping.inode}, mapping.path};
  if (modules_.size() >= kMostModules && !ids_.contains(key)) return kNoModule;
  const auto [place, is_new] = ids_.try_emplace(key, kNoModule);
  if (!is_new) return place->second;
  ElfFile file = is_vdso ? open_vdso(mapping, memory_) : open_mapped_elf(pid_, mappings_of(mapping), memory_);
  if (file.is_elf) place->second = add_module(mapping, std::move(file), added);
  return place->second;
}

uint32_t TargetModules::add_module(const Mapping& mapping, ElfFile file, std::vector<NewModule>& added) {
  ModuleInfo info;
  info.id = static_cast<uint32_t>(infos_.size());
  info.path = mapping.path;
  info.dev = device_of(mapping);
  info.inode = mapping.inode;
  info.size = file.size;
  info.opened_by = file.opened_by;
  if (file.fd.valid() && ++open_files_ > most_open_files()) {
    file.fd.reset();
    if (info.opened_by != OpenedBy::vdso) info.opened_by = OpenedBy::memory;
  }
  info.fd = file.fd.get();
  Module module;
  module.fd = std::move(file.fd);
  if (file.image) {
    info.build_id = file.image->build_id;
    const bool has_frames = !file.image->eh_frame.bytes.empty();
    info.cfi = has_frames ? CfiState::pending : CfiState::none;
    if (has_frames) added.push_back({info.id, mapping.hi - mapping.lo});
    module.image = std::make_shared<ModuleImage>(std::move(*file.image));
  }
  infos_.push_back(std::move(info));
  modules_.push_back(std::move(module));
  return infos_.back().id;
}

std::vector<Mapping> TargetModules::mappings_of(const Mapping& file) const {
  std::vector<Mapping> same;
  std::copy_if(mappings_.begin(), mappings_.end(), std::back_inserter(same),
               [&file](const Mapping& mapping) { return is_same_file(mapping, file); });
  return same;
}

// Some programs (node --use-largepages) copy their text to anonymous huge pages: the middle of the segment
// then has no file. It is taken for the file's text only if its bytes agree.
bool TargetModules::is_text_on_huge_pages(const Mapping& mapping, const CodeRange& before) {
  if (is_file(mapping) || !mapping.path.empty() || before.hi != mapping.lo || before.module == kNoModule) {
    return false;
  }
  const Module& module = modules_[before.module];
  if (module.image == nullptr || !module.fd.valid()) return false;
  const uint64_t va = mapping.lo - before.bias;
  for (const auto& segment : module.image->segments) {
    if (!segment.executable || va < segment.va || va - segment.va >= segment.file_size) continue;
    std::array<std::byte, 64> in_file{};
    std::array<std::byte, 64> in_memory{};
    const uint64_t offset = segment.file_offset + (va - segment.va);
    return read_file_at(module.fd.get(), offset, in_file) &&
           memory_.read(mapping.lo, in_memory) == in_memory.size() && in_file == in_memory;
  }
  return false;
}

void TargetModules::enqueue_tables(std::vector<NewModule>& added) {
  std::sort(added.begin(), added.end(),
            [](const NewModule& a, const NewModule& b) { return a.executable_bytes > b.executable_bytes; });
  for (const NewModule& module : added) builder_.enqueue(module.id, modules_[module.id].image);
}

bool TargetModules::needs_tables() const {
  return std::any_of(infos_.begin(), infos_.end(), [this](const ModuleInfo& info) {
    return info.cfi == CfiState::pending && !has_search_table(*modules_[info.id].image);
  });
}

void TargetModules::wait_ready(std::chrono::milliseconds timeout) { builder_.wait_idle(timeout); }

bool TargetModules::adopt_ready() {
  std::vector<BuiltTable> built = builder_.take_built();
  if (built.empty()) return false;
  for (BuiltTable& finished : built) {
    Module& module = modules_[finished.module];
    const bool is_useful = finished.table->row_count() > 0;
    if (is_useful) module.table = std::move(finished.table);
    infos_[finished.module].cfi = is_useful ? CfiState::ready : CfiState::none;
    module.image->eh_frame.bytes = {};
    module.image->eh_frame_hdr.bytes = {};
  }
  std::vector<CodeRange> ranges = code_map_.ranges();
  for (CodeRange& range : ranges) {
    if (range.image == nullptr || infos_[range.module].cfi == CfiState::pending) continue;
    range.table = modules_[range.module].table.get();
    range.image = nullptr;
  }
  code_map_ = CodeMap(std::move(ranges));
  return true;
}

const CfiTable* TargetModules::table(uint32_t module) const {
  return module < modules_.size() ? modules_[module].table.get() : nullptr;
}

uint64_t TargetModules::function_start(uint32_t module, uint64_t va) const {
  if (module >= modules_.size()) return 0;
  if (const CfiTable* ready = table(module)) return ready->function_start(va);
  if (infos_[module].cfi != CfiState::pending) return 0;
  return look_up_function_start(*modules_[module].image, va);
}

uint64_t TargetModules::stack_top(uint64_t sp) const {
  const auto mapping =
      std::find_if(mappings_.begin(), mappings_.end(), [sp](const Mapping& at) { return sp < at.hi; });
  if (mapping == mappings_.end()) return 0;
  // The main stack grows downward after the maps were read.
  const bool holds = sp >= mapping->lo || mapping->path == "[stack]";
  return holds ? mapping->hi : 0;
}

void TargetModules::reset_after_exec() {
  mappings_.clear();
  code_map_ = CodeMap();
}

}  // namespace prof
