#include "capture/injector/errands.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "payload_bytes.h"

namespace prof::injector {
namespace {

constexpr size_t kWord = 8;

std::vector<Poke> words_of(uint64_t address, std::span<const uint8_t> bytes) {
  std::vector<Poke> pokes;
  for (size_t at = 0; at < bytes.size(); at += kWord) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(kWord, bytes.size() - at));
    pokes.push_back({address + at, word});
  }
  return pokes;
}

constexpr size_t kStubBytes = payload::kMapStubEnd - payload::kMapStub;
static_assert(payload::kMapStub % kWord == 0 && payload::kMapStubLiterals % kWord == 0 && kStubBytes % kWord == 0);
static_assert(sizeof(payload::kCode) <= payload::kCommandAt);

}  // namespace

std::vector<Poke> code_pokes(uint64_t base) { return words_of(base, payload::kCode); }

MapErrand::MapErrand(uint64_t hole, uint64_t wanted_base)
    : hole_(hole),
      wanted_base_(wanted_base),
      pokes_(words_of(hole, std::span(payload::kCode).subspan(payload::kMapStub, kStubBytes))) {}

size_t MapErrand::size() { return kStubBytes; }

std::span<const Poke> MapErrand::fill(const payload::Resume& r) {
  const std::array<uint64_t, 11> literals{wanted_base_, r.rax, r.rcx, r.rdx, r.rsi, r.rdi,
                                          r.r8,         r.r9,  r.r10, r.r11, r.rip};
  constexpr size_t kFirst = (payload::kMapStubLiterals - payload::kMapStub) / kWord;
  for (size_t i = 0; i < literals.size(); i++) pokes_[kFirst + i].word = literals[i];
  return pokes_;
}

std::vector<Poke> MapErrand::zeros() const {
  std::vector<Poke> zeros = pokes_;
  for (Poke& poke : zeros) poke.word = 0;
  return zeros;
}

CallErrand::CallErrand(uint64_t base, const payload::Command& command, std::vector<Poke> before)
    : base_(base), command_(command), pokes_(std::move(before)), command_at_(pokes_.size()) {
  pokes_.resize(command_at_ + sizeof(payload::Command) / kWord);
}

std::span<const Poke> CallErrand::fill(const payload::Resume& resume) {
  command_.resume = resume;
  std::array<uint64_t, sizeof(payload::Command) / kWord> words;
  static_assert(sizeof words == sizeof(payload::Command));
  std::memcpy(words.data(), &command_, sizeof words);
  for (size_t i = 0; i < words.size(); i++) {
    pokes_[command_at_ + i] = {base_ + payload::kCommandAt + i * kWord, words[i]};
  }
  return pokes_;
}

}  // namespace prof::injector
