#include "runtime/hotspot.h"

#include <algorithm>
#include <array>
#include <span>

namespace prof {
namespace {

constexpr size_t kMostVersionBytes = 32;
constexpr std::array<const char*, 3> kTables{"gHotSpotVMStructs", "gHotSpotVMTypes", "gHotSpotVMIntConstants"};

/// `17.0.15` of `17.0.15+6-Debian-1deb12u1`.
std::string read_version(const HotSpotStructs& structs, HeapSource& memory) {
  const auto release = structs.field("Abstract_VM_Version._s_vm_release");
  uint64_t text = 0;
  const auto pointer = std::as_writable_bytes(std::span(&text, 1));
  if (!release || memory.read(release->at, pointer) != pointer.size()) return {};
  std::array<char, kMostVersionBytes> bytes{};
  const size_t got = memory.read(text, std::as_writable_bytes(std::span(bytes)));
  const auto end = std::find_if(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got),
                                [](char c) { return (c < '0' || c > '9') && c != '.'; });
  return {bytes.begin(), end};
}

}  // namespace

HotSpot::HotSpot(const HotSpotLayout& layout, HeapSource& memory)
    : layout_(layout),
      unloading_(layout_, memory),
      code_(layout_, unloading_, memory),
      methods_(layout_, unloading_, memory),
      scopes_(layout_, memory),
      unwinder_(code_, methods_, memory),
      frames_(code_, methods_, scopes_, memory) {}

std::variant<std::unique_ptr<HotSpot>, HotSpot::Unreadable> HotSpot::make(const HotSpotStructs::Exports& exports,
                                                                         HeapSource& memory) {
  for (const char* const table : kTables) {
    if (!exports.contains(table)) return Unreadable{table};
  }
  const auto structs = HotSpotStructs::read(exports, memory);
  if (!structs) return Unreadable{};
  auto layout = make_hotspot_layout(*structs);
  if (auto* const missing = std::get_if<std::string>(&layout)) return Unreadable{std::move(*missing)};
  auto made = std::unique_ptr<HotSpot>(new HotSpot(std::get<HotSpotLayout>(layout), memory));
  made->version_ = read_version(*structs, memory);
  return made;
}

}  // namespace prof
