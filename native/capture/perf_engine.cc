#include "capture/perf_engine.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "capture/limits.h"
#include "capture/threads.h"

namespace prof {
namespace {

// A ring that holds fewer records than this loses most of them.
constexpr size_t kFewestRecords = 3;
constexpr size_t kUsualRingPages = 512;
constexpr size_t kLargestRingPages = 4096;
constexpr int kListingRounds = 5;
// An event samples once a period, a late one after a few; it cannot have counted so many before its first sample.
constexpr uint64_t kMostBeforeASample = 16;

uint64_t read_value(int fd) {
  uint64_t fields[3] = {};  // value, time running, id
  return read(fd, fields, sizeof fields) == sizeof fields ? fields[0] : 0;
}

/// Whether the kernel has ended every one of these events, and all that threads inherited from them: perf_poll() says
/// so by a hang-up.
bool have_ended(std::vector<pollfd> fds) {
  if (poll(fds.data(), fds.size(), 0) < 0) return false;
  return std::all_of(fds.begin(), fds.end(), [](const pollfd& fd) { return (fd.revents & (POLLHUP | POLLERR)) != 0; });
}

}  // namespace

std::optional<Refusal> PerfEngine::open(const EngineConfig& config) {
  config_ = config;
  raise_descriptor_limit();
  const std::vector<UniqueFd> reserved = reserve_descriptors();
  ring_pages_ = wanted_ring_pages();
  for (;;) {
    attr_ = make_perf_attr(config_, features_);
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    // The bell for bursts: the drain thread looks in by itself many times a second.
    attr_.wakeup_watermark = static_cast<uint32_t>(ring_pages_ * page / 2);
    auto refusal = open_threads();
    if (!refusal) return std::nullopt;
    // Beyond perf_event_mlock_kb and RLIMIT_MEMLOCK mmap says EPERM: all CPUs get smaller rings, so that each has one.
    const bool may_shrink = refusal->syscall == "mmap" && ring_pages_ / 2 >= smallest_ring_pages();
    if (may_shrink) {
      ring_pages_ /= 2;
    } else if (refusal->error != EINVAL || !features_.drop_newest()) {
      return refusal;
    }
    events_.clear();
    rings_.clear();
    wake_fds_.clear();
    own_events_.clear();
    limits_ = {};
    first_listing_ = true;
    is_mmap_refused_ = false;
  }
}

std::optional<Refusal> PerfEngine::open_threads() {
  std::set<pid_t> known;
  // A thread may start another one between the listing and our open: list again until nothing new is there.
  for (int round = 0; round < kListingRounds; round++) {
    bool found_new = false;
    for (const pid_t tid : threads_by_cpu_time(config_.pid)) {
      if (!known.insert(tid).second) continue;
      found_new = true;
      if (limits_.threads_refused > 0) {
        limits_.threads_refused++;
        continue;
      }
      const int error = open_thread(tid);
      if (error == 0) {
        limits_.threads_followed++;
      } else if ((error == EMFILE || error == ENFILE) && limits_.threads_followed > 0) {
        limits_.threads_refused++;
      } else if (error != ESRCH) {
        return Refusal{is_mmap_refused_ ? "mmap" : "perf_event_open", std::to_string(tid), error};
      }
    }
    first_listing_ = false;
    if (!found_new) break;
  }
  if (limits_.threads_followed == 0) return Refusal{"perf_event_open", std::to_string(config_.pid), ESRCH};
  return std::nullopt;
}

int PerfEngine::open_thread(pid_t tid) {
  const int cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
  std::vector<Event> opened;
  for (int cpu = 0; cpu < cpus; cpu++) {
    const int fd = perf_event_open(attr_, tid, cpu);
    if (fd == -ENODEV) continue;  // this CPU is offline
    if (fd < 0) return -fd;
    Event event{UniqueFd(fd), tid, 0};
    if (const int error = attach_ring(fd, cpu)) {
      is_mmap_refused_ = error == EPERM;
      return error;
    }
    if (ioctl(fd, PERF_EVENT_IOC_ID, &event.id) != 0) return errno;
    opened.push_back(std::move(event));
  }
  if (opened.empty()) return ENODEV;
  for (auto& event : opened) {
    if (!first_listing_) own_events_[tid].insert(event.id);
    events_.push_back(std::move(event));
  }
  return 0;
}

size_t PerfEngine::smallest_ring_pages() const {
  const size_t bytes = kFewestRecords * record_bytes();
  return std::bit_ceil(bytes / static_cast<size_t>(sysconf(_SC_PAGESIZE)) + 1);
}

size_t PerfEngine::wanted_ring_pages() const {
  // Room for a quarter of a second of the fastest thread.
  const uint64_t bytes = record_bytes() * (250'000'000 / std::max<uint64_t>(1, config_.period_ns));
  const auto pages = std::bit_ceil(static_cast<size_t>(bytes / static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) + 1));
  return std::clamp(pages, kUsualRingPages, kLargestRingPages);
}

int PerfEngine::attach_ring(int fd, int cpu) {
  const auto known = rings_.find(cpu);
  if (known != rings_.end()) {
    return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, known->second.output_fd) == 0 ? 0 : errno;
  }
  const auto page_kib = static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 1024;
  limits_.ring_kib_wanted = static_cast<uint32_t>(wanted_ring_pages() * page_kib);
  CpuRing ring;
  if (const int error = ring.ring.map(fd, ring_pages_)) return error == ENOMEM ? EPERM : error;
  ring.output_fd = fd;
  limits_.ring_kib = static_cast<uint32_t>(ring_pages_ * page_kib);
  rings_.emplace(cpu, std::move(ring));
  wake_fds_.push_back(fd);
  return 0;
}

void PerfEngine::arm() {
  for (const auto& event : events_) ioctl(event.fd.get(), PERF_EVENT_IOC_ENABLE, 0);
}

void PerfEngine::disarm() {
  for (const auto& event : events_) ioctl(event.fd.get(), PERF_EVENT_IOC_DISABLE, 0);
}

uint64_t PerfEngine::counted_ns() const {
  uint64_t total = 0;
  for (const auto& event : events_) total += read_value(event.fd.get());
  return total;
}

void PerfEngine::drain(SampleSink& sink) {
  for (auto& [number, cpu] : rings_) {
    if (cpu.damaged) continue;
    cpu.damaged = !cpu.ring.drain([&](std::span<const std::byte> record) { deliver(cpu, record, sink); });
  }
}

std::optional<Refusal> PerfEngine::failure() const {
  for (const auto& [number, cpu] : rings_) {
    if (cpu.damaged) return Refusal{"ring", std::to_string(number), EBADMSG};
  }
  std::vector<pollfd> fds;
  for (const int fd : wake_fds_) fds.push_back({fd, 0, 0});
  if (!have_ended(fds)) return std::nullopt;
  fds.clear();
  for (const auto& event : events_) fds.push_back({event.fd.get(), 0, 0});
  if (!have_ended(std::move(fds))) return std::nullopt;
  return Refusal{"perf_event", std::to_string(config_.pid), ENODATA};
}

void PerfEngine::finish(SampleSink& sink) {
  // Lost records hold ends of threads that would be counted again; without inherit_thread children are in the counts.
  if (config_.user_only || loss_.lost > 0 || !features_.inherit_thread) return;
  // By event, not by thread: an exec may have given a sampled thread the leader's id.
  std::unordered_map<uint64_t, uint64_t> sampled_ns;
  for (const auto* states : {&counts_, &before_exec_}) {
    for (const auto& [key, state] : *states) sampled_ns[key.id] += state.value_ns;
  }
  for (const auto& event : events_) {
    // read(2) on an inherited event gives it and its children together; the children have all reported.
    const uint64_t total = read_value(event.fd.get());
    const auto children = ended_children_ns_.find(event.id);
    const uint64_t ended = children == ended_children_ns_.end() ? 0 : children->second;
    const uint64_t sampled = ended + sampled_ns[event.id];
    if (total > sampled) sink.on_thread_tail(event.tid, total - sampled);
  }
}

void PerfEngine::deliver(CpuRing& cpu, std::span<const std::byte> bytes, SampleSink& sink) {
  PerfRecord record = parse_perf_record(bytes, attr_.sample_type);
  if (auto* sample = std::get_if<SampleRecord>(&record)) {
    deliver_sample(cpu, *sample, sink);
  } else if (const auto* lost = std::get_if<LostRecord>(&record)) {
    loss_.lost += lost->lost;
    loss_.lost_ns += lost->lost * config_.period_ns;
    cpu.loss_epoch++;
  } else if (std::get_if<ThrottleRecord>(&record) != nullptr) {
    loss_.throttled++;
  } else if (const auto* comm = std::get_if<CommRecord>(&record)) {
    if (comm->pid != config_.pid) return;
    if (comm->is_exec) {
      set_apart_at_exec();
      sink.on_exec();
    }
    sink.on_thread_name(comm->tid, comm->name);
  } else if (const auto* mapping = std::get_if<MappingRecord>(&record)) {
    if (mapping->pid == config_.pid) sink.on_mappings_changed();
  } else if (const auto* final_count = std::get_if<ReadRecord>(&record)) {
    deliver_tail(cpu, *final_count, sink);
  }
}

void PerfEngine::deliver_sample(CpuRing& cpu, SampleRecord& record, SampleSink& sink) {
  RawSample& sample = record.sample;
  if (sample.pid != config_.pid || is_duplicate(sample.tid, record.count.id)) return;
  // A user-only event counts kernel time too but samples none of it: there the period is the weight.
  if (record.count.has_value && !config_.user_only) {
    EventState& state = state_of({sample.tid, record.count.id}, record.count.value_ns);
    // What the event counted since its last sample is exact even if the timer was late or throttled. Only what
    // the ring lost in between must not be given to this stack.
    const bool has_lost = state.loss_epoch != cpu.loss_epoch;
    if (!has_lost && record.count.value_ns > state.value_ns) {
      sample.weight_ns = record.count.value_ns - state.value_ns;
    }
    state = {record.count.value_ns, cpu.loss_epoch};
  }
  if (!record.count.has_value) counts_[{sample.tid, record.count.id}].value_ns += sample.weight_ns;
  if (!config_.kernel_walks_user) sample.frame_pointer_ips = std::exchange(sample.user_ips, {});
  sink.on_sample(sample);
}

void PerfEngine::set_apart_at_exec() {
  std::erase_if(counts_, [this](const auto& entry) {
    if (entry.first.tid == config_.pid) return false;
    before_exec_.insert_or_assign(entry.first, entry.second);
    return true;
  });
}

/// After an exec the leader's id belongs to the thread that called it, whose event counts on: what that had counted
/// at its last sample stands under the thread's old id. It is the only one left of its event there, because the
/// others have reported their ends in the same ring before; if reports were lost, it is the nearest below.
PerfEngine::EventState& PerfEngine::state_of(const EventKey& key, uint64_t value_ns) {
  const auto [entry, is_new] = counts_.try_emplace(key);
  if (!is_new) return entry->second;
  auto before = before_exec_.find(key);
  if (before == before_exec_.end() && key.tid == config_.pid) {
    for (auto other = before_exec_.begin(); other != before_exec_.end(); ++other) {
      if (other->first.id != key.id || other->second.value_ns > value_ns) continue;
      if (before == before_exec_.end() || other->second.value_ns > before->second.value_ns) before = other;
    }
  }
  if (before != before_exec_.end()) {
    entry->second = before->second;
    before_exec_.erase(before);
  } else if (value_ns > kMostBeforeASample * config_.period_ns) {
    // It was sampled under another id, and the exec that gave it this one stands in the ring of another CPU, which is
    // read later. Only the last period is surely not told yet.
    entry->second.value_ns = value_ns - config_.period_ns;
  }
  return entry->second;
}

void PerfEngine::deliver_tail(const CpuRing& cpu, const ReadRecord& record, SampleSink& sink) {
  ended_children_ns_[record.count.id] += record.count.value_ns;
  if (record.pid != config_.pid) return;
  if (config_.user_only || is_duplicate(record.tid, record.count.id)) return;
  const EventKey key{record.tid, record.count.id};
  const EventState state = state_of(key, record.count.value_ns);
  counts_.erase(key);
  // What the ring lost since its last sample is counted as lost already.
  const bool has_lost = state.value_ns > 0 && state.loss_epoch != cpu.loss_epoch;
  if (has_lost || record.count.value_ns <= state.value_ns) return;
  sink.on_thread_tail(record.tid, record.count.value_ns - state.value_ns);
}

bool PerfEngine::is_duplicate(pid_t tid, uint64_t event_id) const {
  const auto own = own_events_.find(tid);
  return own != own_events_.end() && !own->second.contains(event_id);
}

}  // namespace prof
