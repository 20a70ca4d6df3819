#include "unwind/function_parts.h"

#include <algorithm>

#include "unwind/instruction.h"

namespace prof {
namespace {

constexpr size_t kMostParts = 16;
constexpr uint64_t kMostBytes = 1 << 20;  // of a part; CPython's loop has some 80 KiB
constexpr int32_t kEntryCfaOffset = 8;    // from rsp, when a function has just been called

std::vector<std::byte> read_code(const ModuleImage& image, const ByteSource& file, const CodeStretch& part) {
  for (const ModuleImage::Segment& segment : image.segments) {
    const uint64_t inside = part.lo - segment.va;
    if (!segment.executable || part.lo < segment.va || inside >= segment.file_size) continue;
    std::vector<std::byte> code(std::min({part.hi - part.lo, segment.file_size - inside, kMostBytes}));
    code.resize(file.read_at(segment.file_offset + inside, code));
    return code;
  }
  return {};
}

bool is_entry(const CfiRule& rule) { return rule.cfa == CfaKind::rsp && rule.cfa_offset == kEntryCfaOffset; }

/// Whether both stand in the same frame.
bool shares_frame(const ModuleImage& image, uint64_t from, uint64_t to) {
  const auto before = look_up_rule(image, from);
  const auto after = look_up_rule(image, to);
  return before && after && *before == *after && !is_entry(*before) && before->ra == RaKind::at_cfa;
}

void add_jumped_into(const ModuleImage& image, const ByteSource& file, const CodeStretch& part,
                     std::vector<CodeStretch>& parts) {
  const std::vector<std::byte> code = read_code(image, file, part);
  const auto is_known = [&parts](uint64_t va) {
    return std::any_of(parts.begin(), parts.end(), [va](const CodeStretch& known) { return known.holds(va); });
  };
  for (size_t at = 0; at < code.size() && parts.size() < kMostParts;) {
    const auto instruction = decode_instruction(std::span(code).subspan(at));
    if (!instruction) return;
    const uint64_t from = part.lo + at;
    at += instruction->bytes;
    if (!is_direct_jump(*instruction) && !is_conditional_jump(*instruction)) continue;
    const uint64_t to = part.lo + at + static_cast<uint64_t>(instruction->immediate);
    if (is_known(to)) continue;
    const auto other = look_up_function(image, to);
    const bool is_inside = other && to > other->lo && to < other->hi;
    if (is_inside && shares_frame(image, from, to)) parts.push_back(*other);
  }
}

}  // namespace

std::vector<CodeStretch> find_function_parts(const ModuleImage& image, const ByteSource& file, uint64_t va) {
  const auto own = look_up_function(image, va);
  if (!own || own->lo != va) return {};
  std::vector<CodeStretch> parts{*own};
  for (size_t i = 0; i < parts.size(); i++) add_jumped_into(image, file, CodeStretch(parts[i]), parts);
  return parts;
}

}  // namespace prof
