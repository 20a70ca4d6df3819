// Walks frame by frame, with what is known of each address kept.
#include "unwind/unwinder.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/mix_bits.h"
#include "unwind/cfi_lookup.h"
#include "unwind/walk.h"

namespace prof {
namespace {

constexpr size_t kCacheEntries = 16384;
constexpr uint64_t kNeverMapped = std::numeric_limits<uint64_t>::max();  // an empty entry is true of it
constexpr size_t kMaxLateAddresses = 65536;
constexpr uint64_t kEntryBytes = 64;  // the start code of a program, ld.so's _start included

std::optional<CfiRule> rule_in(const CodeRange& range, uint64_t va) {
  if (range.table != nullptr) {
    const CfiRule* rule = range.table->find(va);
    return rule == nullptr ? std::nullopt : std::optional(*rule);
  }
  return range.image == nullptr ? std::nullopt : look_up_rule(*range.image, va);
}

// ld.so's _start has no call-frame data, and neither have hand-written ones. Where the entry has some, what
// follows it without is other code (crtstuff's).
bool is_program_entry(const CodeRange& range, uint64_t lookup) {
  return range.entry != 0 && lookup - range.bias - range.entry < kEntryBytes && !rule_in(range, range.entry);
}

}  // namespace

Unwinder::Unwinder(const CodeMap& map, CodeReader& reader)
    : map_(map), reader_(reader), frame_pointers_(map, reader), go_frames_(reader), frames_(kMaxStackDepth) {
  flush();
}

void Unwinder::flush() {
  cache_.assign(kCacheEntries, CodeStep{kNeverMapped, nullptr, CfiRule{}});
  frame_pointers_.flush();
  go_frames_.flush();
  code_before_.clear();
  cgo_callers_.clear();
}

StackEnd Unwinder::unwind(const Registers& registers, StackCopy stack, std::vector<UnwoundFrame>& out) {
  Walk walk(registers, stack, {frame_pointers_, go_frames_, runtime_});
  StackEnd end = StackEnd::max_depth;
  size_t depth = 0;
  while (depth < kMaxStackDepth) {
    const CodeStep& step = step_at(walk.lookup());
    depth += put_frame(walk, step, depth);
    const auto ended = walk.is_unknown(step) ? StackEnd::no_map : walk.leave(step);
    if (!ended) continue;
    end = *ended;
    break;
  }
  out.assign(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth));
  return end;
}

bool Unwinder::complete(const Registers& registers, StackCopy stack, std::span<const uint64_t> chain,
                        LateStack& late, std::vector<UnwoundFrame>& out) {
  Walk walk(registers, stack, {frame_pointers_, go_frames_, runtime_});
  bool is_late = false;
  bool is_at_stack_end = false;
  size_t late_from = 0;
  for (size_t depth = 0; depth < kMaxStackDepth;) {
    const CodeStep& step = step_at(walk.lookup());
    if (walk.is_unknown(step)) return is_at_stack_end;
    // Interpreters push return addresses that follow no call, and neither does what was interrupted.
    const bool is_proved = !is_late || walk.is_runtime(step) || walk.is_exact();
    const CodeBefore before = is_proved ? CodeBefore::call : look_before(walk.pc());
    if (walk.is_other_call(step)) return is_at_stack_end;
    depth += put_frame(walk, step, depth);
    auto ended = walk.leave(step);
    if (!is_late && (ended == StackEnd::truncated_copy || ended == StackEnd::bad_fp)) {
      is_late = true;
      late_from = depth;
      is_at_stack_end = walk.has_switched_stack(step);
      if (is_at_stack_end) stack_switches_++;
      if (walk.has_left_frame(step) && put_goroutine(walk, step, chain, depth)) {
        out.assign(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth));
        return true;
      }
      walk.go_on_late(late);
      ended = walk.leave(step);
    }
    if (ended && *ended != StackEnd::root) return is_at_stack_end;
    // Go pretends that goexit, where goroutines begin, has made a call by its first instruction, a nop.
    if (before == CodeBefore::other || (before == CodeBefore::nop && !ended)) return is_at_stack_end;
    // Any word of the stack may be 0 by now.
    if (ended && walk.pc() == 0) return is_at_stack_end;
    if (ended) {
      if (walk.cgo_call() != 0 && !is_only_caller(walk.cgo_call(), late_from, depth)) return false;
      out.assign(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(depth));
      return true;
    }
  }
  return is_at_stack_end;
}

size_t Unwinder::put_frame(Walk& walk, const CodeStep& step, size_t depth) {
  if (walk.has_not_begun(step)) return 0;
  frames_[depth] = {walk.shown_address(step), step.range, walk.frame_pointer(step)};
  return 1;
}

// Frame pointers skip the caller of a function that makes no frame (systemstack, write barriers): rbp is still the caller's,
// and the return address beside it that of the caller's call. That is a call of the function that was skipped.
bool Unwinder::put_goroutine(const Walk& walk, const CodeStep& step, std::span<const uint64_t> chain, size_t& depth) {
  const auto here = std::find(chain.begin(), chain.end(), walk.pc());
  if (here == chain.end() || here + 1 == chain.end()) return false;
  const std::span<const uint64_t> rest(here + 1, chain.end());
  if (depth + 1 + 2 * rest.size() > kMaxStackDepth) return false;
  const CodeRange& range = *step.range;
  // Which function runs there tells several calls of the switch apart.
  const uint64_t argument = depth < 2 ? 0 : frames_[depth - 2].address;
  const auto caller = go_frames_.caller_between(range, step.lookup, rest.front(), argument);
  if (!caller) return false;
  size_t next = depth;
  frames_[next++] = {*caller, &range, 0};
  bool has_frame = true;
  for (const uint64_t address : rest) {
    if (address <= range.lo || address >= range.hi) return false;
    if (!has_frame) {
      const auto skipped = go_frames_.caller_between(range, frames_[next - 1].address, address, 0);
      if (!skipped) return false;
      frames_[next++] = {*skipped, &range, 0};
    }
    const uint64_t callee = frames_[next - 1].address;
    const bool is_interrupted = go_frames_.is_interruption(range, callee);
    const bool is_first = !is_interrupted && go_frames_.begins_goroutine(range, address);
    if (!is_interrupted && !is_first) {
      if (look_before(address) != CodeBefore::call || go_frames_.calls(range, callee, address) == false) return false;
    }
    const uint64_t place = is_interrupted ? address : address - 1;
    frames_[next++] = {place, &range, 0};
    // What frame pointers lead to beyond it is nobody's.
    if (is_first) {
      depth = next;
      return true;
    }
    has_frame = go_frames_.bytes_at(range, place) != 0U;
  }
  return false;
}

// Another call of the same function of C, from elsewhere in the same goroutine and as deep, cannot be told from the one
// that was sampled. Where there are such callers both are seen before long.
bool Unwinder::is_only_caller(uint64_t call, size_t from, size_t to) {
  uint64_t callers = 0;
  for (size_t i = from; i < to; i++) callers = mix_bits(callers ^ frames_[i].address);
  constexpr uint64_t kSeveral = 0;
  if (cgo_callers_.size() >= kMaxLateAddresses) cgo_callers_.clear();
  const auto [known, is_new] = cgo_callers_.try_emplace(call, callers);
  if (!is_new && known->second != callers) known->second = kSeveral;
  return known->second == callers;
}

CodeBefore Unwinder::look_before(uint64_t address) {
  if (code_before_.size() >= kMaxLateAddresses) code_before_.clear();
  const auto [known, is_new] = code_before_.try_emplace(address, CodeBefore::other);
  if (!is_new) return known->second;
  std::array<std::byte, kMaxCallBytes> before{};
  const bool is_read = reader_.read_code(address - before.size(), before) == before.size();
  if (is_read) known->second = code_before(before);
  return known->second;
}

const CodeStep& Unwinder::step_at(uint64_t lookup) {
  CodeStep& step = cache_[(lookup ^ (lookup >> 14)) % kCacheEntries];
  if (step.lookup != lookup) step = resolve(lookup);
  return step;
}

CodeStep Unwinder::resolve(uint64_t lookup) {
  CodeStep step{lookup, map_.find(lookup), CfiRule{}};
  if (step.range == nullptr) return step;
  if (const auto rule = rule_in(*step.range, lookup - step.range->bias)) {
    step.rule = *rule;
    return step;
  }
  CodeHints code = read_hints(lookup);
  if (code.after == LeafForm::framed && go_frames_.calls_without_frame(*step.range, lookup)) code.after = LeafForm::ra_at_sp;
  const NoRuleHints hints{code, is_program_entry(*step.range, lookup),
                          go_frames_.is_interruption(*step.range, lookup)};
  step.rule = hints.pack();
  return step;
}

CodeHints Unwinder::read_hints(uint64_t address) {
  std::array<std::byte, kLeafCodeBytes> buffer{};
  const auto bytes = std::span(buffer);
  const size_t length = reader_.read_code(address - kLeafCodeBefore, bytes);
  if (length >= kLeafCodeBefore) {
    return read_code_hints(bytes.first(kLeafCodeBefore), bytes.first(length).subspan(kLeafCodeBefore));
  }
  // The page before may be unmapped.
  const auto from = bytes.subspan(kLeafCodeBefore);
  return read_code_hints({}, from.first(reader_.read_code(address, from)));
}

}  // namespace prof
