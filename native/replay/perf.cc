// The `perf` command: our chains for the stack copies that perf took, in the numbers perf prints, and what
// unwinding them cost. A line per sample: `sample TID SECONDS.NS END ADDRESS/OFFSET...`, where OFFSET is the
// address within the mapped file.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "proc/elf_image.h"
#include "replay/commands.h"
#include "replay/perf_data.h"
#include "replay/sample_text.h"

namespace prof::replay {
namespace {

constexpr int kWarmRepeats = 100;

// Of this thread, so that other work on the machine does not count.
uint64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return to_ns(time);
}

class NoCode : public CodeReader {
 public:
  size_t read_code(uint64_t, std::span<std::byte>) override { return 0; }
};

/// One file of the recording, opened by its path on this machine.
struct RecordedModule {
  uint32_t id = 0;
  std::optional<ModuleImage> image;
  CfiTable table;
};

class ModuleShelf {
 public:
  const RecordedModule& module_of(const Mapping& mapping) {
    auto& module = modules_[mapping.path];
    if (module == nullptr) {
      module = std::make_unique<RecordedModule>();
      module->id = static_cast<uint32_t>(modules_.size() - 1);
      ProcessMemory nothing(0);
      ElfFile file = mapping.path == "[vdso]" ? open_vdso(mapping, nothing) : open_elf_path(mapping.path);
      module->image = std::move(file.image);
      if (module->image) module->table = CfiTable(*module->image);
    }
    return *module;
  }

 private:
  std::map<std::string, std::unique_ptr<RecordedModule>> modules_;
};

class RecordedProcess {
 public:
  void map(const Mapping& added) {
    std::vector<Mapping> kept;
    for (const Mapping& old : mappings_) {
      if (old.lo < added.lo && old.hi > added.lo) kept.push_back(clipped(old, old.lo, added.lo));
      if (old.hi > added.hi && old.lo < added.hi) kept.push_back(clipped(old, added.hi, old.hi));
      if (old.hi <= added.lo || old.lo >= added.hi) kept.push_back(old);
    }
    kept.push_back(added);
    mappings_ = std::move(kept);
    is_current_ = false;
  }

  void forget() {
    mappings_.clear();
    is_current_ = false;
  }

  void copy_mappings(const RecordedProcess& parent) {
    mappings_ = parent.mappings_;
    is_current_ = false;
  }

  Unwinder& unwinder(ModuleShelf& shelf) {
    if (!is_current_) {
      std::vector<CodeRange> ranges;
      for (const Mapping& mapping : mappings_) {
        if (mapping.is_executable()) ranges.push_back(range_of(mapping, shelf));
      }
      code_map_ = CodeMap(std::move(ranges));
      unwinder_.flush();
      is_current_ = true;
    }
    return unwinder_;
  }

  [[nodiscard]] uint64_t offset_in_file(uint64_t address) const {
    for (const Mapping& mapping : mappings_) {
      const bool has_file = !mapping.path.empty() && (mapping.path[0] == '/' || mapping.path[0] == '[');
      if (address >= mapping.lo && address < mapping.hi && has_file)
        return address - mapping.lo + mapping.offset;
    }
    return address;
  }

 private:
  static Mapping clipped(Mapping mapping, uint64_t lo, uint64_t hi) {
    mapping.offset += lo - mapping.lo;
    mapping.lo = lo;
    mapping.hi = hi;
    return mapping;
  }

  static CodeRange range_of(const Mapping& mapping, ModuleShelf& shelf) {
    CodeRange range;
    range.lo = mapping.lo;
    range.hi = mapping.hi;
    const RecordedModule& module = shelf.module_of(mapping);
    if (!module.image) return range;
    const auto bias = module.image->bias_of(mapping.lo, mapping.offset);
    if (!bias) return range;
    range.module = module.id;
    range.bias = *bias;
    range.entry = module.image->entry;
    range.table = &module.table;
    return range;
  }

  std::vector<Mapping> mappings_;
  bool is_current_ = false;
  CodeMap code_map_;
  NoCode code_;
  Unwinder unwinder_{code_map_, code_};
};

struct Cost {
  uint64_t samples = 0;
  uint64_t frames = 0;
  uint64_t roots = 0;
  uint64_t cold_ns = 0;
  uint64_t warm_ns = 0;
};

class Recording {
 public:
  void replay(const PerfEvent& event) {
    RecordedProcess& process = process_of(event.pid);
    switch (event.kind) {
      case PerfEvent::Kind::mapping:
        return process.map(event.mapping);
      case PerfEvent::Kind::exec:
        return process.forget();
      case PerfEvent::Kind::fork:
        return process.copy_mappings(process_of(event.parent_pid));
      case PerfEvent::Kind::sample:
        return unwind(process, event);
    }
  }

  void print_cost() const {
    const auto per = [](uint64_t sum, uint64_t count) {
      return count == 0 ? 0.0 : static_cast<double>(sum) / static_cast<double>(count);
    };
    std::printf("cost samples %lu frames %lu roots %lu cold_us_per_sample %.3f warm_ns_per_frame %.2f\n",
                cost_.samples, cost_.frames, cost_.roots, per(cost_.cold_ns, cost_.samples) / 1000,
                per(cost_.warm_ns, cost_.frames * kWarmRepeats));
  }

 private:
  RecordedProcess& process_of(uint32_t pid) {
    auto& process = processes_[pid];
    if (process == nullptr) process = std::make_unique<RecordedProcess>();
    return *process;
  }

  void unwind(RecordedProcess& process, const PerfEvent& event) {
    Unwinder& unwinder = process.unwinder(shelf_);
    const StackCopy copy{event.registers.sp(), event.stack};
    const uint64_t start = cpu_ns();
    const StackEnd end = unwinder.unwind(event.registers, copy, frames_);
    const uint64_t middle = cpu_ns();
    for (int i = 0; i < kWarmRepeats; ++i) unwinder.unwind(event.registers, copy, frames_);
    cost_.warm_ns += cpu_ns() - middle;
    cost_.cold_ns += middle - start;
    cost_.samples += 1;
    cost_.frames += frames_.size();
    cost_.roots += end == StackEnd::root ? 1 : 0;
    std::printf("sample %u %lu.%09lu %s", event.tid, event.time_ns / 1'000'000'000,
                event.time_ns % 1'000'000'000, name_of(end).data());
    for (const UnwoundFrame& frame : frames_) {
      std::printf(" %lx/%lx", frame.address, process.offset_in_file(frame.address));
    }
    std::putchar('\n');
  }

  ModuleShelf shelf_;
  std::map<uint32_t, std::unique_ptr<RecordedProcess>> processes_;
  std::vector<UnwoundFrame> frames_;
  Cost cost_;
};

}  // namespace

int run_perf(Arguments arguments) {
  if (arguments.size() != 1) return 2;
  uint64_t size = 0;
  const UniqueFd fd = open_regular_file(arguments[0], size);
  std::vector<std::byte> bytes(static_cast<size_t>(size));
  if (!fd.valid() || !read_file_at(fd.get(), 0, bytes)) {
    std::fprintf(stderr, "cannot read %s\n", arguments[0]);
    return 1;
  }
  Recording recording;
  for (const PerfEvent& event : read_perf_events(bytes)) recording.replay(event);
  recording.print_cost();
  return 0;
}

}  // namespace prof::replay
