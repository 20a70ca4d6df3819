// Reads perf records from bytes. Pure; the layout follows from our own attr (perf_attr.h) and perf_event_open(2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "capture/perf_attr.h"
#include "capture/raw_sample.h"

namespace prof {

/// Identity and count of one event at one moment.
struct EventCount {
  uint64_t id = 0;
  uint64_t value_ns = 0;  // CPU time this event counted; 0 and !has_value when the kernel gave none
  bool has_value = false;
};

struct SampleRecord {
  RawSample sample;  // weight_ns is the period
  EventCount count;
};
struct LostRecord {
  uint64_t lost;
};
struct ThrottleRecord {};
struct CommRecord {
  pid_t pid, tid;
  std::string_view name;
  bool is_exec;
};
/// A mapping appeared; which one is read from /proc/PID/maps.
struct MappingRecord {
  pid_t pid;
};
/// Final count of an inherited event when its thread ends.
struct ReadRecord {
  pid_t pid, tid;
  EventCount count;
};
struct OtherRecord {};

using PerfRecord =
    std::variant<OtherRecord, SampleRecord, LostRecord, ThrottleRecord, CommRecord, MappingRecord, ReadRecord>;

/// @param record one whole record, header included; the result's spans point into it
/// A record that is cut short or of a kind we do not use gives OtherRecord.
PerfRecord parse_perf_record(std::span<const std::byte> record, uint64_t sample_type);

}  // namespace prof
