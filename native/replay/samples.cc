// The `samples` command: rebuilds modules, ranges and stack bytes from text and unwinds them.
#include <charconv>
#include <cstdio>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "replay/commands.h"
#include "replay/sample_text.h"

namespace prof::replay {
namespace {

std::optional<uint64_t> parse_hex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view word() {
    const size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return word;
  }

  uint64_t number() {
    const auto value = parse_hex(word());
    failed_ |= !value;
    return value.value_or(0);
  }

  std::vector<std::byte> bytes() {
    const std::string_view text = word();
    std::vector<std::byte> bytes;
    if (text == "-") return bytes;
    for (size_t at = 0; at < text.size(); at += 2) {
      const auto value = parse_hex(text.substr(at, 2));
      failed_ |= !value || at + 1 == text.size();
      bytes.push_back(static_cast<std::byte>(value.value_or(0)));
    }
    return bytes;
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

class RecordedCode : public CodeReader {
 public:
  void add(uint64_t address, std::vector<std::byte> bytes) { bytes_[address] = std::move(bytes); }

  size_t read_code(uint64_t address, std::span<std::byte> out) override {
    auto after = bytes_.upper_bound(address);
    if (after == bytes_.begin()) return 0;
    --after;
    const uint64_t offset = address - after->first;
    if (offset >= after->second.size()) return 0;
    const size_t count = std::min(out.size(), after->second.size() - static_cast<size_t>(offset));
    std::copy_n(after->second.begin() + static_cast<std::ptrdiff_t>(offset), count, out.begin());
    return count;
  }

 private:
  std::map<uint64_t, std::vector<std::byte>> bytes_;
};

struct Sample {
  std::deque<ModuleImage> images;
  std::deque<CfiTable> tables;
  std::vector<CodeRange> ranges;
  RecordedCode code;
  Registers registers;
  std::vector<std::byte> stack;
};

ModuleImage read_module(Words& words) {
  ModuleImage image;
  image.entry = words.number();
  image.base_va = words.number();
  image.text_lo = words.number();
  image.text_hi = words.number();
  image.eh_frame.va = words.number();
  image.eh_frame.bytes = words.bytes();
  image.eh_frame_hdr.va = words.number();
  image.eh_frame_hdr.bytes = words.bytes();
  return image;
}

CodeRange read_range(Words& words) {
  CodeRange range;
  range.lo = words.number();
  range.hi = words.number();
  range.bias = words.number();
  range.module = static_cast<uint32_t>(parse_hex(words.word()).value_or(kNoModule));
  return range;
}

void unwind(Sample& sample, bool use_tables) {
  sample.tables.clear();
  for (const ModuleImage& image : sample.images) sample.tables.emplace_back(image);
  std::vector<CodeRange> ranges = sample.ranges;
  for (CodeRange& range : ranges) {
    if (range.module >= sample.images.size()) continue;
    range.entry = sample.images[range.module].entry;
    range.table = use_tables ? &sample.tables[range.module] : nullptr;
    range.image = use_tables ? nullptr : &sample.images[range.module];
  }
  const CodeMap map(std::move(ranges));
  Unwinder unwinder(map, sample.code);
  std::vector<UnwoundFrame> frames;
  const StackEnd end = unwinder.unwind(sample.registers, {sample.registers.sp(), sample.stack}, frames);
  print_chain(end, frames);
}

class SampleReader {
 public:
  bool accept(std::string_view line) {
    Words words(line);
    const std::string_view kind = words.word();
    if (kind == "module" && is_unwound_) sample_ = std::make_unique<Sample>();
    is_unwound_ = kind == "unwind";
    if (kind == "module") {
      sample_->images.push_back(read_module(words));
    } else if (kind == "range") {
      sample_->ranges.push_back(read_range(words));
    } else if (kind == "code") {
      const uint64_t address = words.number();
      sample_->code.add(address, words.bytes());
    } else if (kind == "regs") {
      for (uint64_t& value : sample_->registers.value) value = words.number();
    } else if (kind == "known") {
      sample_->registers.known = static_cast<uint32_t>(words.number());
    } else if (kind == "stack") {
      sample_->stack = words.bytes();
    } else if (kind == "unwind") {
      unwind(*sample_, words.word() == "tables");
    } else {
      return false;
    }
    return !words.failed();
  }

 private:
  std::unique_ptr<Sample> sample_ = std::make_unique<Sample>();
  bool is_unwound_ = false;
};

}  // namespace

int run_samples(Arguments /*arguments*/) {
  SampleReader reader;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (reader.accept(line)) continue;
    std::fprintf(stderr, "not a sample line: %.60s\n", line.c_str());
    return 1;
  }
  return 0;
}

}  // namespace prof::replay
