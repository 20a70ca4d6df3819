// Record layouts as in perf_event_open(2), "MMAP layout" and "PERF_RECORD_SAMPLE".
#include "replay/perf_data.h"

#include <linux/perf_event.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "base/byte_reader.h"

namespace prof::replay {
namespace {

struct FileHeader {
  uint64_t magic;
  uint64_t size;
  uint64_t attr_size;
  uint64_t attrs_offset;
  uint64_t attrs_size;
  uint64_t data_offset;
  uint64_t data_size;
};
constexpr uint64_t kMagic = 0x32454c4946524550;  // "PERFILE2"

// Perf's register numbers (kernel, uapi/asm/perf_regs.h) by DWARF number.
constexpr std::array<uint8_t, kRegisterCount> kPerfOfDwarf{0,  3,  2,  1,  4,  5,  6,  7, 16,
                                                           17, 18, 19, 20, 21, 22, 23, 8};

std::string text_of(std::span<const std::byte> bytes) {
  const char* first = reinterpret_cast<const char*>(bytes.data());
  return {first, strnlen(first, bytes.size())};
}

class EventReader {
 public:
  explicit EventReader(const perf_event_attr& attr) : attr_(attr) {}

  std::optional<PerfEvent> read(const perf_event_header& header, std::span<const std::byte> body) {
    PerfEvent event;
    switch (header.type) {
      case PERF_RECORD_MMAP:
      case PERF_RECORD_MMAP2:
        return read_mapping(header, body, event);
      case PERF_RECORD_COMM:
        event.kind = PerfEvent::Kind::exec;
        if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) == 0) return std::nullopt;
        return read_ids(body, event);
      case PERF_RECORD_FORK:
        event.kind = PerfEvent::Kind::fork;
        return read_fork(body, event);
      case PERF_RECORD_SAMPLE:
        return read_sample(body, event);
      default:
        return std::nullopt;
    }
  }

 private:
  // With sample_id_all every record ends in: tid, time, id, stream id, cpu, identifier, as far as asked for.
  [[nodiscard]] uint64_t trailing_time(std::span<const std::byte> body) const {
    const uint64_t fields =
        attr_.sample_type & (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID |
                             PERF_SAMPLE_CPU | PERF_SAMPLE_IDENTIFIER);
    const size_t bytes = static_cast<size_t>(std::popcount(fields)) * 8;
    if (bytes > body.size() || (fields & PERF_SAMPLE_TIME) == 0) return 0;
    ByteReader reader(body.last(bytes));
    if ((fields & PERF_SAMPLE_TID) != 0) reader.read<uint64_t>();
    return reader.read<uint64_t>();
  }

  std::optional<PerfEvent> read_ids(std::span<const std::byte> body, PerfEvent& event) {
    ByteReader reader(body);
    event.time_ns = trailing_time(body);
    event.pid = reader.read<uint32_t>();
    event.tid = reader.read<uint32_t>();
    return event;
  }

  std::optional<PerfEvent> read_fork(std::span<const std::byte> body, PerfEvent& event) {
    ByteReader reader(body);
    event.time_ns = trailing_time(body);
    event.pid = reader.read<uint32_t>();
    event.parent_pid = reader.read<uint32_t>();
    event.tid = reader.read<uint32_t>();
    if (event.pid == event.parent_pid) return std::nullopt;
    return event;
  }

  std::optional<PerfEvent> read_mapping(const perf_event_header& header, std::span<const std::byte> body,
                                        PerfEvent& event) {
    event.kind = PerfEvent::Kind::mapping;
    event.time_ns = trailing_time(body);
    ByteReader reader(body);
    event.pid = reader.read<uint32_t>();
    event.tid = reader.read<uint32_t>();
    Mapping& mapping = event.mapping;
    mapping.lo = reader.read<uint64_t>();
    mapping.hi = mapping.lo + reader.read<uint64_t>();
    mapping.offset = reader.read<uint64_t>();
    mapping.prot = (header.misc & PERF_RECORD_MISC_MMAP_DATA) == 0 ? PROT_EXEC : PROT_READ;
    if (header.type == PERF_RECORD_MMAP2) {
      reader.take(24);  // device and inode, or a build id
      mapping.prot = static_cast<int>(reader.read<uint32_t>());
      reader.take(4);
    }
    mapping.path = text_of(reader.rest());
    const bool is_kernel = static_cast<int32_t>(event.pid) == -1;
    if (reader.failed() || is_kernel) return std::nullopt;
    return event;
  }

  std::optional<PerfEvent> read_sample(std::span<const std::byte> body, PerfEvent& event) {
    ByteReader reader(body);
    const auto has = [this](uint64_t field) { return (attr_.sample_type & field) != 0; };
    if (has(PERF_SAMPLE_IDENTIFIER)) reader.read<uint64_t>();
    if (has(PERF_SAMPLE_IP)) reader.read<uint64_t>();
    event.pid = reader.read<uint32_t>();
    event.tid = reader.read<uint32_t>();
    event.time_ns = reader.read<uint64_t>();
    for (const uint64_t field :
         {uint64_t{PERF_SAMPLE_ADDR}, uint64_t{PERF_SAMPLE_ID}, uint64_t{PERF_SAMPLE_STREAM_ID},
          uint64_t{PERF_SAMPLE_CPU}, uint64_t{PERF_SAMPLE_PERIOD}}) {
      if (has(field)) reader.read<uint64_t>();
    }
    if (has(PERF_SAMPLE_CALLCHAIN)) reader.take(reader.read<uint64_t>() * 8);
    if (reader.read<uint64_t>() != PERF_SAMPLE_REGS_ABI_64) return std::nullopt;
    read_registers(reader, event.registers);
    const auto size = reader.read<uint64_t>();
    const auto stack = reader.take(size);
    const uint64_t copied = size == 0 ? 0 : reader.read<uint64_t>();
    if (reader.failed() || copied > size) return std::nullopt;
    event.stack = stack.first(static_cast<size_t>(copied));
    return event;
  }

  void read_registers(ByteReader& reader, Registers& out) const {
    std::array<uint64_t, 64> values{};
    for (size_t i = 0; i < values.size(); ++i) {
      if ((attr_.sample_regs_user >> i & 1) != 0) values[i] = reader.read<uint64_t>();
    }
    for (size_t i = 0; i < kRegisterCount; ++i) out.value[i] = values[kPerfOfDwarf[i]];
  }

  const perf_event_attr& attr_;
};

}  // namespace

std::vector<PerfEvent> read_perf_events(std::span<const std::byte> file) {
  ByteReader reader(file);
  const auto header = reader.read<FileHeader>();
  constexpr uint64_t kNeeded =
      PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  if (header.magic != kMagic || header.data_offset > file.size()) return {};
  if (header.attrs_offset > file.size() || header.data_size > file.size() - header.data_offset) return {};
  perf_event_attr attr{};
  const auto stored = file.subspan(header.attrs_offset);
  std::memcpy(&attr, stored.data(), std::min({sizeof(attr), stored.size(), size_t{header.attr_size}}));
  if ((attr.sample_type & kNeeded) != kNeeded) return {};

  std::vector<PerfEvent> events;
  EventReader event_reader(attr);
  ByteReader records(file.subspan(header.data_offset, header.data_size));
  while (!records.rest().empty()) {
    const auto record = records.read<perf_event_header>();
    if (record.size < sizeof(record)) break;
    const auto body = records.take(record.size - sizeof(record));
    if (records.failed()) break;
    if (auto event = event_reader.read(record, body)) events.push_back(std::move(*event));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const PerfEvent& a, const PerfEvent& b) { return a.time_ns < b.time_ns; });
  return events;
}

}  // namespace prof::replay
