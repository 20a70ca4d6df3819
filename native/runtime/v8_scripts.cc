#include "runtime/v8_scripts.h"

#include <algorithm>

namespace prof {
namespace {

constexpr uint32_t kMostSourceChars = 16 << 20;
constexpr size_t kMostLines = 4 << 20;
constexpr size_t kMostScripts = 4096;
constexpr uint32_t kChunkChars = 4096;
constexpr int32_t kWordBytes = 8;

constexpr bool ends_line(char16_t unit) { return unit == u'\n' || unit == u'\u2028' || unit == u'\u2029'; }

}  // namespace

std::optional<std::string> V8Scripts::name(uint64_t script) {
  const auto name = heap_.word(V8Heap::field(script, heap_.layout().script_name));
  if (!name) return std::nullopt;
  if (!heap_.is_string(*name)) return std::string();
  return heap_.string(*name);
}

uint32_t V8LineStarts::line_of(uint32_t position) const {
  const auto after = std::upper_bound(starts.begin(), starts.end(), position);
  return static_cast<uint32_t>(after - starts.begin()) + 1;
}

uint32_t V8Scripts::line_of_function(uint64_t script, uint32_t position) {
  const auto lines = lines_of(script);
  return lines != nullptr && may_begin_function(*lines, position) ? lines->line_of(position) : 0;
}

std::vector<uint32_t> V8Scripts::lines(uint64_t script, std::span<const uint32_t> positions) {
  std::vector<uint32_t> found;
  const auto lines = lines_of(script);
  if (lines == nullptr) return found;
  found.reserve(positions.size());
  for (const uint32_t position : positions) found.push_back(lines->line_of(position));
  return found;
}

std::shared_ptr<const V8LineStarts> V8Scripts::lines_of(uint64_t script) {
  const auto source = heap_.word(V8Heap::field(script, heap_.layout().script_source));
  if (!source) return nullptr;
  // A text inside another one (vm.Script with lineOffset) has its offset after the name.
  const auto offset = heap_.word(V8Heap::field(script, heap_.layout().script_name + kWordBytes));
  if (offset != 0) return nullptr;
  const auto known = lines_.find(script);
  if (known != lines_.end() && known->second->source == *source) return known->second;
  if (lines_.size() >= kMostScripts || kept_lines_ >= kMostLines) {
    lines_.clear();
    kept_lines_ = 0;
  }
  const auto chars = heap_.chars(*source);
  if (!chars || chars->length > kMostSourceChars) return nullptr;
  auto lines = std::make_shared<V8LineStarts>(V8LineStarts{*source, *chars, {}});
  if (!count_lines(*lines)) return nullptr;
  kept_lines_ += lines->starts.size();
  return lines_.insert_or_assign(script, std::move(lines)).first->second;
}

bool V8Scripts::count_lines(V8LineStarts& lines) {
  char16_t before = u'\0';
  for (uint32_t at = 0; at < lines.chars.length;) {
    const std::u16string part = heap_.read_chars(lines.chars, at, kChunkChars);
    if (part.empty()) return false;
    for (const char16_t unit : part) {
      // CR ends a line unless LF follows, which then does.
      if (before == u'\r' && unit != u'\n') lines.starts.push_back(at);
      at++;
      if (ends_line(unit)) lines.starts.push_back(at);
      before = unit;
    }
  }
  return true;
}

// A function's position is that of its parameters; of a whole script or module it is 0.
bool V8Scripts::may_begin_function(const V8LineStarts& lines, uint32_t position) {
  if (position == 0) return true;
  const std::u16string unit = heap_.read_chars(lines.chars, position, 1);
  if (unit.empty()) return false;
  const char16_t first = unit[0];
  const bool is_letter = (first >= u'a' && first <= u'z') || (first >= u'A' && first <= u'Z');
  return is_letter || first == u'(' || first == u'_' || first == u'$' || first == u'{' || first >= 0x80;
}

}  // namespace prof
