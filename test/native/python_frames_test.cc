// Python stacks of versions that are not at hand, from images of real processes (`unwind_replay python PID`): the frames
// and names that were found then, none of memory that lies, and an end in any case.
// IMAGES are their paths.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "capture/payload/python_walk.h"
#include "fake_memory.h"
#include "runtime/heap_pieces.h"
#include "runtime/python_functions.h"
#include "runtime/python_layout.h"

namespace {

using prof::payload::PythonSample;
using prof::payload::PythonTarget;

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  std::printf("not so: %s\n", what.c_str());
  failures++;
}

struct Recorded {
  prof::PythonBinary binary;
  uint64_t bias = 0;
  int tid = 0;
  std::vector<std::string> frames;
  FakeMemory image;
};

Recorded load(const char* path) {
  Recorded recorded;
  std::ifstream file(path);
  bool is_words = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream text(line);
    std::string kind;
    if (is_words) {
      text >> std::hex;
      uint64_t at = 0;
      text >> at;
      for (uint64_t word = 0; text >> word; at += 8) recorded.image.words[at] = word;
      continue;
    }
    text >> kind;
    auto& binary = recorded.binary;
    if (kind == "binary") {
      auto& types = binary.types;
      text >> std::hex >> binary.version >> binary.runtime >> types.code >> types.text >> types.bytes >> recorded.bias;
      binary.eval = {{1, 2}};
    }
    if (kind == "tid") text >> recorded.tid;
    if (kind == "frame") recorded.frames.push_back(line.substr(6));
    is_words = kind == "words";
  }
  return recorded;
}

struct Walked {
  uint32_t seen = 0;
  PythonSample sample{};
  PythonTarget target{};
};

bool walk(Recorded& of, Walked& walked) {
  const auto made = prof::make_python_target(of.binary, of.bias, of.image);
  const auto* const target = std::get_if<PythonTarget>(&made);
  if (target == nullptr) return false;
  walked.target = *target;
  prof::payload::PythonScratch scratch{};
  uint64_t hint = 0;
  prof::payload::PythonWalk walk(*target, prof::HeapPieces{&of.image}, scratch);
  walked.seen = walk.walk(of.tid, hint, walked.sample);
  return true;
}

std::vector<std::string> names_of(Recorded& of, Walked& walked) {
  prof::PythonFunctions functions(walked.target, of.binary.types.moved_by(of.bias), of.image);
  std::vector<std::string> names;
  for (uint32_t i = 0; i < (walked.seen & 0xffff); i++) {
    const auto& frame = walked.sample.frames[i];
    const auto* const known = functions.find(frame, {});
    std::string name = std::to_string(frame.instruction >> 56) + " ";
    if (known == nullptr) name += "-";
    else name += known->function.name + " " + known->function.script + ":" + std::to_string(known->function.line);
    if (known != nullptr) name += " at " + std::to_string(functions.line_of(*known, frame));
    names.push_back(name);
  }
  return names;
}

void test_names(const char* path) {
  Recorded recorded = load(path);
  Walked walked;
  expect(walk(recorded, walked), std::string("offsets agree: ") + path);
  expect(names_of(recorded, walked) == recorded.frames, std::string("names of ") + path);
}

/// A text that changed since the sample: other code lies there now.
void test_changed_names(const char* path) {
  Recorded recorded = load(path);
  Walked walked;
  if (!walk(recorded, walked)) return;
  const uint64_t code = walked.sample.frames[0].code & prof::payload::kObjectBits;
  const uint64_t name = recorded.image.words[code + walked.target.code_file + prof::payload::kCodeNameFromFile];
  recorded.image.words[name + walked.target.text_data] ^= 1;
  const auto names = names_of(recorded, walked);
  expect(!names.empty() && names[0].ends_with(" -"), std::string("no name that changed: ") + path);
  prof::PythonFunctions functions(walked.target, recorded.binary.types.moved_by(recorded.bias), recorded.image);
  const auto* const kept = functions.find(walked.sample.frames[0], {walked.sample.texts, 1});
  const auto expected = recorded.frames[0];
  expect(kept != nullptr && expected.find(" " + kept->function.name + " ") != std::string::npos,
         std::string("the texts of the sample have it: ") + path);
}

/// What points back at itself, is cut off, or is anything at all: an end, after a bounded number of reads.
void test_hostile(const char* path) {
  std::mt19937_64 random(17);
  Recorded original = load(path);
  std::vector<uint64_t> places;
  for (const auto& [at, word] : original.image.words) places.push_back(at);
  Walked before;
  if (!walk(original, before)) return;
  for (int round = 0; round < 400; round++) {
    Recorded recorded = original;
    for (int i = 0; i < 1 + round % 40; i++) {
      uint64_t& word = recorded.image.words[places[random() % places.size()]];
      const uint64_t kind = random() % 4;
      if (kind == 0) word = random();
      if (kind == 1) word = places[random() % places.size()];
      if (kind == 2) word = 0;
      if (kind == 3) recorded.image.words.erase(places[random() % places.size()]);
    }
    recorded.image.reads = 0;
    Walked walked;
    if (!walk(recorded, walked)) continue;
    expect((walked.seen & 0xffff) <= prof::payload::kPythonFrames, "a bounded number of frames");
    static_cast<void>(names_of(recorded, walked));
    expect(recorded.image.reads < 6000, "a bounded number of reads");
  }
}

void test_refused(const char* path) {
  Recorded recorded = load(path);
  const auto reason = [&recorded] {
    const auto made = prof::make_python_target(recorded.binary, recorded.bias, recorded.image);
    const auto* const why = std::get_if<prof::PythonUnreadable>(&made);
    return why == nullptr ? std::optional<prof::PythonUnreadable>() : *why;
  };
  const uint32_t version = recorded.binary.version;
  for (const uint32_t other : {0U, 0x030a0df0U, 0x030f00f0U, 0x04000000U}) {
    recorded.binary.version = other;
    expect(reason() == prof::PythonUnreadable::unknown_version, "a version that is not known");
  }
  recorded.binary.version = version;
  const uint64_t at = recorded.binary.runtime + recorded.bias;
  if ((version >> 16 & 0xff) >= 13) {
    recorded.image.words[at + 16] = 1;
    expect(reason() == prof::PythonUnreadable::free_threaded, "built without the lock");
    recorded.image.words[at] = 0;
    expect(reason() == prof::PythonUnreadable::wrong_offsets, "no table");
  } else {
    recorded.image.words[at + 40] = at;
    expect(reason().has_value(), "an interpreter that is none");
  }
  recorded.binary.types.code = 0;
  expect(reason() == prof::PythonUnreadable::no_symbols, "no type of code");
}

}  // namespace

int main() {
  for (const char* const path : {IMAGES}) {
    test_names(path);
    test_changed_names(path);
    test_hostile(path);
    test_refused(path);
  }
  if (failures == 0) std::puts("ok");
  return failures == 0 ? 0 : 1;
}
