#include "runtime/hotspot_scopes.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/hotspot_flow.h"
#include "runtime/object_bytes.h"

namespace prof {
namespace {

constexpr size_t kMostPcs = 1 << 16;
constexpr size_t kMostScopeBytes = 1 << 21;
constexpr size_t kMostCodeBytes = 1 << 18;
constexpr size_t kMostDepth = 64;
constexpr size_t kScopeHeadBytes = 16;  // three numbers of at most five bytes
// Sums of signed and unsigned: the code of a bci that stands for the call of the method (InvocationEntryBci).
constexpr int64_t kEntryBci = -1;

}  // namespace

std::optional<HotSpotScopes::Tables> HotSpotScopes::tables_of(const CodeBlob& blob) {
  const HotSpotLayout::Scopes& layout = *layout_.scopes;
  const ObjectBytes header(memory_, blob.start, static_cast<size_t>(layout_.nmethod_bytes));
  Tables tables;
  const uint64_t base = layout.immutable_data ? header.get(*layout.immutable_data) : blob.start;
  const uint64_t data = header.get(layout.data.field);
  tables.pcs.from = base + header.get(layout.pcs_offset);
  tables.data.from = layout.data.is_pointer ? data : base + data;
  tables.pcs.to = layout.pcs_end_offset ? base + header.get(*layout.pcs_end_offset) : tables.data.from;
  tables.data.to = layout.immutable_data ? base + header.get(layout.immutable_bytes) : tables.pcs.from;
  if (layout.metadata_offset) {
    tables.metadata = {blob.start + header.get(*layout.metadata_offset), tables.data.from};
  } else {
    const uint64_t start = header.get(layout.mutable_data);
    tables.metadata = {start + header.get(layout.relocation_bytes), start + header.get(layout.mutable_bytes)};
  }
  const bool is_sound = tables.pcs.from < tables.pcs.to && tables.data.from < tables.data.to &&
                        tables.metadata.from <= tables.metadata.to &&
                        tables.pcs.to - tables.pcs.from <= kMostPcs * layout.pc_desc_bytes &&
                        tables.data.to - tables.data.from <= kMostScopeBytes;
  return is_sound ? std::optional(tables) : std::nullopt;
}

/// Ascending; without the guards at both ends.
std::vector<HotSpotScopes::Described> HotSpotScopes::read_places(const Range& pcs) {
  const HotSpotLayout::Scopes& layout = *layout_.scopes;
  std::vector<std::byte> bytes(static_cast<size_t>(pcs.to - pcs.from));
  if (memory_.read(pcs.from, bytes) != bytes.size()) return {};
  const auto stride = static_cast<size_t>(layout.pc_desc_bytes);
  const auto field = [&](size_t entry, const HotSpotLayout::Field& at) {
    int32_t value = 0;
    if (at.at + sizeof value <= stride) std::memcpy(&value, bytes.data() + entry * stride + at.at, sizeof value);
    return value;
  };
  std::vector<Described> places;
  for (size_t entry = 1; entry + 1 < bytes.size() / stride; entry++) {
    const int32_t scope = field(entry, layout.scope_offset);
    const int32_t pc_offset = field(entry, layout.pc_offset);
    if (!places.empty() && pc_offset <= places.back().pc_offset) return {};
    if (scope > 0) places.push_back({pc_offset, static_cast<uint32_t>(scope)});
  }
  return places;
}

std::vector<JavaScope> HotSpotScopes::chain(const CodeBlob& blob, const Tables& tables, uint32_t offset,
                                            Unsigned5 form) {
  std::vector<JavaScope> scopes;
  while (offset != 0 && scopes.size() < kMostDepth) {
    std::array<std::byte, kScopeHeadBytes> bytes{};
    const uint64_t at = tables.data.from + offset;
    if (at >= tables.data.to) return {};
    const auto head = std::span(bytes).first(std::min<size_t>(bytes.size(), tables.data.to - at));
    Unsigned5Reader reader(head.first(memory_.read(at, head)), 0, form);
    const auto caller = reader.number();
    const auto index = reader.number();
    const auto bci = reader.number();
    // Callers are written before what was inlined into them.
    if (!caller || !index || !bci || *index == 0 || *caller >= offset) return {};
    const uint64_t slot = tables.metadata.from + 8 * (uint64_t{*index} - 1);
    JavaScope scope;
    const auto word = std::as_writable_bytes(std::span<uint64_t>(&scope.method, 1));
    if (slot + 8 > tables.metadata.to || memory_.read(slot, word) != word.size()) return {};
    if (int64_t{*bci} + kEntryBci >= 0) scope.bci = *bci - 1;
    scopes.push_back(scope);
    offset = *caller;
  }
  const bool is_of_this = offset == 0 && !scopes.empty() && scopes.back().method == blob.method;
  return is_of_this ? scopes : std::vector<JavaScope>{};
}

std::vector<JavaScope> HotSpotScopes::scopes_of(const CodeBlob& blob, const Tables& tables, const Described& place) {
  // A chain ends with the number 0, which the newer form never writes as a byte 0: read as the older one it has no end.
  auto found = chain(blob, tables, place.scope_offset, Unsigned5::all_bytes);
  has_older_form_ = has_older_form_ || !found.empty();
  return has_older_form_ ? found : chain(blob, tables, place.scope_offset, Unsigned5::without_zero);
}

std::vector<JavaScope> HotSpotScopes::scopes_between(const CodeBlob& blob, const Tables& tables,
                                                     std::span<const Described> places, int32_t pc_offset) {
  const auto next = std::ranges::lower_bound(places, pc_offset, {}, &Described::pc_offset);
  if (next == places.begin() || next == places.end()) return {};
  const auto before = scopes_of(blob, tables, *(next - 1));
  auto common = scopes_of(blob, tables, *next);
  size_t depth = 0;
  while (depth < std::min(before.size(), common.size())) {
    const JavaScope& one = before[before.size() - 1 - depth];
    const JavaScope& other = common[common.size() - 1 - depth];
    if (one.method != other.method) break;
    depth++;
    // Inlined by the same call.
    if (one.bci != other.bci) break;
  }
  common.erase(common.begin(), common.end() - static_cast<std::ptrdiff_t>(depth));
  return common;
}

bool HotSpotScopes::may_have_called(const CodeBlob& blob, uint64_t pc) {
  if (!layout_.scopes || blob.deopt_handlers.empty()) return true;
  if (std::ranges::find(blob.deopt_handlers, pc) != blob.deopt_handlers.end()) return true;
  const auto tables = tables_of(blob);
  if (!tables) return false;
  const auto pc_offset = static_cast<int64_t>(pc - blob.code_begin);
  return std::ranges::any_of(read_places(tables->pcs), [&](const Described& at) { return at.pc_offset == pc_offset; });
}

std::vector<JavaScope> HotSpotScopes::scopes_at(const CodeBlob& blob, uint64_t pc, bool is_exact) {
  if (!layout_.scopes || pc < blob.code_begin || pc > blob.code_end) return {};
  const auto tables = tables_of(blob);
  if (!tables) return {};
  const auto places = read_places(tables->pcs);
  const auto pc_offset = static_cast<int32_t>(pc - blob.code_begin);
  const auto find = [&](int32_t offset) { return std::ranges::lower_bound(places, offset, {}, &Described::pc_offset); };
  const auto here = find(pc_offset);
  if (here != places.end() && here->pc_offset == pc_offset) return scopes_of(blob, *tables, *here);
  if (!is_exact) return {};
  std::vector<std::byte> code(std::min<size_t>(kMostCodeBytes, blob.code_end - blob.code_begin));
  code.resize(memory_.read(blob.code_begin, code));
  std::vector<int32_t> offsets;
  for (const Described& place : places) offsets.push_back(place.pc_offset);
  const auto next = next_described(code, pc_offset, offsets);
  auto found = next ? scopes_of(blob, *tables, *find(*next)) : scopes_between(blob, *tables, places, pc_offset);
  for (JavaScope& scope : found) scope.bci.reset();
  return found;
}

}  // namespace prof
