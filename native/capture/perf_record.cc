#include "capture/perf_record.h"

#include <array>

#include "base/byte_reader.h"

namespace prof {
namespace {

// Values from here up are markers in a call chain, not addresses (PERF_CONTEXT_MAX).
constexpr uint64_t kFirstMarker = static_cast<uint64_t>(-4095);
constexpr uint64_t kKernelFollows = static_cast<uint64_t>(PERF_CONTEXT_KERNEL);
constexpr uint64_t kUserFollows = static_cast<uint64_t>(PERF_CONTEXT_USER);
constexpr uint64_t kAbi32 = 1;

// perf's register numbers in the order they are stored (bits of kPerfRegsMask), as DWARF numbers; -1 is not kept:
// AX BX CX DX SI DI BP SP IP FLAGS CS SS R8..R15 (arch/x86/include/uapi/asm/perf_regs.h).
constexpr std::array<int, 20> kDwarfRegister = {0,  3,  2, 1, 4,  5,  6,  7,  16, -1,
                                                -1, -1, 8, 9, 10, 11, 12, 13, 14, 15};

std::span<const uint64_t> as_words(std::span<const std::byte> bytes) {
  // Records and their fields are 8-byte aligned by the kernel, and the ring copy keeps that.
  return {reinterpret_cast<const uint64_t*>(bytes.data()), bytes.size() / 8};
}

void split_chain(std::span<const uint64_t> chain, RawSample& sample) {
  size_t begin = 0;
  uint64_t context = 0;
  for (size_t i = 0; i <= chain.size(); i++) {
    if (i < chain.size() && chain[i] < kFirstMarker) continue;
    if (context == kKernelFollows) sample.kernel_ips = chain.subspan(begin, i - begin);
    if (context == kUserFollows) sample.user_ips = chain.subspan(begin, i - begin);
    if (i < chain.size()) context = chain[i];
    begin = i + 1;
  }
}

void read_registers(ByteReader& reader, RawSample& sample) {
  const auto abi = reader.read<uint64_t>();
  if (abi == PERF_SAMPLE_REGS_ABI_NONE) return;
  sample.has_registers = true;
  sample.is_32_bit = abi == kAbi32;
  for (const int dwarf : kDwarfRegister) {
    const auto value = reader.read<uint64_t>();
    if (dwarf >= 0) sample.registers.value[static_cast<size_t>(dwarf)] = value;
  }
}

EventCount read_count(ByteReader& reader) {
  EventCount count;
  count.value_ns = reader.read<uint64_t>();
  reader.read<uint64_t>();  // time running: includes ended children of the event, so of no use per thread
  count.id = reader.read<uint64_t>();
  count.has_value = true;
  return count;
}

PerfRecord read_sample(ByteReader reader, uint16_t misc, uint64_t sample_type) {
  SampleRecord record;
  RawSample& sample = record.sample;
  reader.read<uint64_t>();  // ip: repeated by the registers or the chain
  sample.pid = reader.read<pid_t>();
  sample.tid = reader.read<pid_t>();
  sample.time_ns = reader.read<uint64_t>();
  if ((sample_type & PERF_SAMPLE_ID) != 0) record.count.id = reader.read<uint64_t>();
  reader.read<uint64_t>();  // cpu
  sample.weight_ns = reader.read<uint64_t>();
  if ((sample_type & PERF_SAMPLE_READ) != 0) record.count = read_count(reader);
  if ((sample_type & PERF_SAMPLE_CALLCHAIN) != 0) {
    const auto length = reader.read<uint64_t>();
    if (length > reader.rest().size() / 8) return OtherRecord{};
    split_chain(as_words(reader.take(length * 8)), sample);
  }
  read_registers(reader, sample);
  const auto copied = reader.read<uint64_t>();
  if (copied > 0) {
    const auto stack = reader.take(copied);
    const auto valid = reader.read<uint64_t>();
    sample.stack = stack.first(valid < stack.size() ? static_cast<size_t>(valid) : stack.size());
    sample.stack_missing = stack.size() - sample.stack.size();
  }
  if (reader.failed()) return OtherRecord{};
  sample.in_kernel = (misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
  return record;
}

PerfRecord read_comm(ByteReader reader, uint16_t misc) {
  CommRecord record{};
  record.pid = reader.read<pid_t>();
  record.tid = reader.read<pid_t>();
  const auto text = reader.rest();
  const auto* begin = reinterpret_cast<const char*>(text.data());
  record.name = std::string_view(begin, strnlen(begin, text.size()));
  record.is_exec = (misc & PERF_RECORD_MISC_COMM_EXEC) != 0;
  return record;
}

PerfRecord read_final_count(ByteReader reader) {
  ReadRecord record{};
  record.pid = reader.read<pid_t>();
  record.tid = reader.read<pid_t>();
  record.count = read_count(reader);
  if (reader.failed()) return OtherRecord{};
  return record;
}

}  // namespace

PerfRecord parse_perf_record(std::span<const std::byte> record, uint64_t sample_type) {
  ByteReader reader(record);
  const auto header = reader.read<perf_event_header>();
  switch (header.type) {
    case PERF_RECORD_SAMPLE:
      return read_sample(reader, header.misc, sample_type);
    case PERF_RECORD_LOST:
      reader.read<uint64_t>();  // event id
      return LostRecord{reader.read<uint64_t>()};
    case PERF_RECORD_THROTTLE:
      return ThrottleRecord{};
    case PERF_RECORD_COMM:
      return read_comm(reader, header.misc);
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2:
      return MappingRecord{reader.read<pid_t>()};
    case PERF_RECORD_READ:
      return read_final_count(reader);
    default:
      return OtherRecord{};
  }
}

}  // namespace prof
