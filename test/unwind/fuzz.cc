// `fuzz SEED COUNT FILE...`: damages copies of ELF files and unwinds with them, random registers and stacks.
// Built with sanitizers, which end the program at the first read out of bounds. The same seed gives the same
// damage.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "unwind/byte_source.h"
#include "unwind/cfi_lookup.h"
#include "unwind/unwinder.h"

namespace prof {
namespace {

constexpr size_t kStackBytes = 4096;
constexpr uint64_t kStackBase = 0x7ff000000000;
constexpr int kAddresses = 32;
constexpr int kWalks = 8;

class RandomCode : public CodeReader {
 public:
  explicit RandomCode(std::mt19937_64& random) : random_(random) {}
  size_t read_code(uint64_t, std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(random_());
    return random_() % (out.size() + 1);
  }

 private:
  std::mt19937_64& random_;
};

class Fuzzer {
 public:
  Fuzzer(uint64_t seed, std::vector<std::byte> original)
      : random_(seed), original_(std::move(original)), damaged_(original_) {
    const BytesSource source(original_);
    if (const auto image = read_module_image(source)) intact_ = *image;
  }

  void run_once() {
    const size_t count = 1 + random_() % 12;
    std::vector<size_t> places;
    for (size_t i = 0; i < count; ++i) places.push_back(damage());
    const BytesSource source(damaged_);
    if (const auto image = read_module_image(source)) use(*image);
    for (const size_t place : places) damaged_[place] = original_[place];
  }

 private:
  // Where a changed byte reaches the code under test: headers and call-frame sections.
  size_t pick_place() {
    const auto inside = [this](const ModuleImage::Section& section) {
      if (section.bytes.empty()) return size_t{0};
      const uint64_t va = section.va + random_() % section.bytes.size();
      for (const auto& segment : intact_.segments) {
        if (va < segment.va || va - segment.va >= segment.file_size) continue;
        return size_t{segment.file_offset + va - segment.va};
      }
      return size_t{0};
    };
    switch (random_() % 8) {
      case 0:
        return random_() % 1024;
      case 1:
        return original_.size() - 1 - random_() % 4096;
      case 2:
        return inside(intact_.eh_frame_hdr);
      default:
        return inside(intact_.eh_frame);
    }
  }

  size_t damage() {
    constexpr std::byte kTelling[] = {std::byte{0}, std::byte{0xff}, std::byte{0x7f}, std::byte{0x80},
                                      std::byte{1}};
    const size_t place = pick_place() % damaged_.size();
    const uint64_t choice = random_();
    const bool is_random = choice % 2 == 0;
    damaged_[place] =
        is_random ? static_cast<std::byte>(choice >> 8) : kTelling[(choice >> 8) % std::size(kTelling)];
    return place;
  }

  uint64_t random_va(const ModuleImage& image) {
    const uint64_t size = image.text_hi - image.text_lo;
    return random_() % 8 == 0 || size == 0 ? random_() : image.text_lo + random_() % size;
  }

  void use(const ModuleImage& image) {
    const CfiTable table(image);
    for (int i = 0; i < kAddresses; ++i) {
      const uint64_t va = random_va(image);
      static_cast<void>(table.find(va));
      static_cast<void>(table.function_start(va));
      static_cast<void>(look_up_rule(image, va));
      static_cast<void>(look_up_function_start(image, va));
      static_cast<void>(image.bias_of(va & ~uint64_t{4095}, random_() % 65536));
    }
    walk(image, &table);
    walk(image, nullptr);
  }

  void walk(const ModuleImage& image, const CfiTable* table) {
    CodeRange range;
    range.lo = image.text_lo;
    range.hi = image.text_hi;
    range.module = 0;
    range.entry = image.entry;
    range.table = table;
    range.image = table == nullptr ? &image : nullptr;
    const CodeMap map({range});
    RandomCode code(random_);
    Unwinder unwinder(map, code);
    std::vector<std::byte> stack(kStackBytes);
    std::vector<UnwoundFrame> frames;
    for (int i = 0; i < kWalks; ++i) {
      Registers registers;
      for (uint64_t& value : registers.value) value = kStackBase + random_() % kStackBytes / 8 * 8;
      registers.value[kRegRsp] = kStackBase;
      registers.value[kRegRip] = random_va(image);
      for (size_t at = 0; at + 8 <= stack.size(); at += 8) {
        const uint64_t slot = kStackBase + random_() % kStackBytes / 8 * 8;
        const uint64_t word = random_() % 2 == 0 ? random_va(image) : slot;
        std::memcpy(stack.data() + at, &word, sizeof(word));
      }
      unwinder.unwind(registers, {kStackBase, stack}, frames);
    }
  }

  std::mt19937_64 random_;
  std::vector<std::byte> original_;
  std::vector<std::byte> damaged_;
  ModuleImage intact_;
};

std::vector<std::byte> read_whole(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

int fuzz(uint64_t seed, uint64_t count, std::span<const char* const> paths) {
  for (const char* path : paths) {
    auto bytes = read_whole(path);
    if (bytes.empty()) {
      std::fprintf(stderr, "cannot read %s\n", path);
      return 1;
    }
    Fuzzer fuzzer(seed, std::move(bytes));
    for (uint64_t i = 0; i < count; ++i) fuzzer.run_once();
    std::printf("%s survived %lu\n", path, count);
  }
  return 0;
}

}  // namespace
}  // namespace prof

int main(int count, char** values) {
  if (count < 4) return 2;
  const std::span<const char* const> arguments(values, static_cast<size_t>(count));
  return prof::fuzz(std::strtoul(values[1], nullptr, 10), std::strtoul(values[2], nullptr, 10),
                    arguments.subspan(3));
}
