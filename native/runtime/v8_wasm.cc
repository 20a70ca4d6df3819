#include "runtime/v8_wasm.h"

#include <algorithm>
#include <array>

namespace prof {
namespace {

constexpr size_t kMostModules = 16;
// An instance has its module, or the object that has it, among its first words.
constexpr size_t kInstanceWords = 48;
constexpr size_t kModuleObjectWords = 8;
// What a Foreign points to when V8 manages a C++ object (ManagedPtrDestructor); one word leads to the shared pointer.
constexpr size_t kManagedWords = 8;
constexpr int32_t kWordBytes = 8;

/// Words of an object, fewer where memory ends.
std::vector<uint64_t> read_prefix(HeapSource& memory, uint64_t address, size_t count) {
  std::vector<uint64_t> words(count);
  words.resize(memory.read(address, std::as_writable_bytes(std::span(words))) / sizeof(uint64_t));
  return words;
}

}  // namespace

std::optional<V8Wasm::Found> V8Wasm::find(uint64_t address, uint64_t instance) {
  looked_++;
  const Module* const module = module_of(instance);
  return module == nullptr ? std::nullopt : find_in(*module, address);
}

std::optional<V8Wasm::Found> V8Wasm::find_in_known(uint64_t address) {
  for (const Module& module : modules_) {
    if (auto found = find_in(module, address)) return found;
  }
  return std::nullopt;
}

std::optional<V8Wasm::Found> V8Wasm::find_in(const Module& module, uint64_t address) {
  const auto code = module.code.code_at(memory_, address);
  if (!code || !module.code.is_same(memory_)) return std::nullopt;
  Found found;
  found.function.name = module.code.binary().name_of(module.code.function_of(*code));
  found.function.script = module.script;
  found.proof = module.path;
  found.proof.push_back(module.code.binary_slot());
  found.proof.push_back({code->object, code->words.size()});
  return found;
}

/// Of the instance or, in versions that keep it apart, of what is trusted of it, whose first instance is its own.
std::optional<V8Wasm::Path> V8Wasm::module_object(uint64_t instance) {
  const auto& wasm = *heap_.layout().wasm;
  Path path{{}, instance};
  for (int step = 0; step < 2; step++) {
    if (!V8Heap::is_object(path.object)) return std::nullopt;
    const auto words = read_prefix(memory_, path.object - 1, kInstanceWords);
    std::optional<uint16_t> type;
    size_t at = 1;
    for (; at < words.size(); at++) {
      type = heap_.type(words[at]);
      if (type && (*type == wasm.type_module || (step == 0 && *type == wasm.type_instance))) break;
    }
    if (at >= words.size()) return std::nullopt;
    path.slots.push_back({path.object - 1 + at * sizeof(uint64_t), 1});
    path.object = words[at];
    if (*type == wasm.type_module) return path;
  }
  return std::nullopt;
}

V8Wasm::Module* V8Wasm::module_of(uint64_t instance) {
  const V8Layout& layout = heap_.layout();
  if (!layout.wasm) return nullptr;
  auto path = module_object(instance);
  if (!path) return nullptr;
  const auto words = read_prefix(memory_, path->object - 1, kModuleObjectWords);
  const auto is_script = [&](uint64_t word) { return heap_.has_type(word, layout.type_script); };
  const auto script = std::find_if(words.begin(), words.end(), is_script);
  if (script == words.end()) return nullptr;
  path->slots.push_back({path->object - 1 + static_cast<uint64_t>(script - words.begin()) * sizeof(uint64_t), 1});
  const uint64_t managed_slot = V8Heap::field(*script, layout.wasm->script_module);
  const auto managed = heap_.word(managed_slot);
  if (!managed || !heap_.has_type(*managed, layout.wasm->type_foreign)) return nullptr;
  // All that a Foreign has: the word after its map.
  const uint64_t address_slot = V8Heap::field(*managed, kWordBytes);
  path->slots.push_back({managed_slot, 1});
  path->slots.push_back({address_slot, 1});
  const uint64_t holder = heap_.word(address_slot).value_or(0);
  const auto held = read_prefix(memory_, holder, kManagedWords);
  for (size_t i = 0; i < held.size(); i++) {
    const uint64_t native_module = heap_.word(held[i]).value_or(0);
    Module* const module = native_module == 0 ? nullptr : look_into(native_module);
    if (module == nullptr) continue;
    path->slots.push_back({holder + i * sizeof(uint64_t), 1});
    path->slots.push_back({held[i], 1});
    module->path = path->slots;
    module->script = heap_.string(heap_.word(V8Heap::field(*script, layout.script_name)).value_or(0)).value_or("");
    return module;
  }
  return nullptr;
}

V8Wasm::Module* V8Wasm::known(uint64_t native_module) {
  const auto is_it = [native_module](const Module& module) { return module.code.address() == native_module; };
  const auto found = std::find_if(modules_.begin(), modules_.end(), is_it);
  if (found == modules_.end()) return nullptr;
  if (found->code.is_same(memory_)) return &*found;
  modules_.erase(found);
  return nullptr;
}

V8Wasm::Module* V8Wasm::look_into(uint64_t native_module) {
  if (Module* const module = known(native_module)) return module;
  auto code = V8WasmModule::find(memory_, native_module);
  if (!code) return nullptr;
  has_understood_ = true;
  if (modules_.size() == kMostModules) modules_.erase(modules_.begin());
  return &modules_.emplace_back(Module{std::move(*code), {}, {}});
}

}  // namespace prof
