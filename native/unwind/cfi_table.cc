// Compiles .eh_frame: collect the FDEs, sort them, run each once, intern the rules, index the rows.
#include "unwind/cfi_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <random>
#include <string_view>
#include <unordered_map>

#include "unwind/cfi_program.h"
#include "unwind/eh_frame.h"

namespace prof {
namespace {

constexpr unsigned kBlockShift = 8;
constexpr size_t kMaxRules = std::numeric_limits<uint16_t>::max();
// What one module may cost, several times what the largest known ones have (rustc_driver: 1 M rows, some 10 CIEs):
// a hostile file is cut short, not worked through. Rows take 6 bytes each; a CIE's program is run once.
constexpr size_t kMaxRows = size_t{1} << 24;
constexpr size_t kMaxFunctions = size_t{1} << 22;
constexpr size_t kMaxCies = size_t{1} << 14;

// The seed keeps a file from choosing rules that all fall into one bucket.
struct RuleHash {
  uint64_t seed;
  size_t operator()(const CfiRule& rule) const {
    uint64_t words[2];
    std::memcpy(words, &rule, sizeof(words));
    const uint64_t mixed = (words[0] ^ seed) * 0x9e3779b97f4a7c15;
    return (mixed ^ (mixed >> 32) ^ words[1]) * 0xc2b2ae3d27d4eb4f;
  }
};

uint64_t random_seed() {
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

class CfiTableBuilder {
 public:
  CfiTableBuilder(const ModuleImage& image, CfiTable& table) : image_(image), frame_(image), table_(table) {
    table_.base_va_ = image.base_va;
    table_.rules_.push_back(CfiRule{});
  }

  void build() {
    collect_fdes();
    std::sort(fdes_.begin(), fdes_.end(), [](const FdePlace& a, const FdePlace& b) { return a.lo < b.lo; });
    table_.function_offsets_.reserve(fdes_.size());
    table_.row_offsets_.reserve(fdes_.size() * 6);
    table_.row_rules_.reserve(fdes_.size() * 6);
    for (const FdePlace& place : fdes_) {
      if (table_.row_rules_.size() >= kMaxRows) break;
      add_function(place);
    }
    if (covered_to_ != 0) push_row(covered_to_, 0);
    table_.row_offsets_.shrink_to_fit();
    table_.row_rules_.shrink_to_fit();
  }

 private:
  struct KnownCie {
    Cie cie;
    CfiState initial;
  };
  struct FdePlace {
    uint64_t lo;
    uint64_t offset;
    const KnownCie* cie;
  };

  void collect_fdes() {
    uint64_t offset = 0;
    while (const auto record = frame_.record_at(offset)) {
      if (fdes_.size() >= kMaxFunctions) return;
      if (!record->is_cie) collect_fde(offset, record->cie_offset);
      offset = record->next_offset;
    }
  }

  void collect_fde(uint64_t offset, uint64_t cie_offset) {
    const auto& known = cie(cie_offset);
    if (!known) return;
    const auto fde = frame_.fde_at(offset, known->cie);
    if (!fde || !image_.is_text(fde->lo) || fde->hi > image_.text_hi) return;
    if (fde->hi - image_.base_va > std::numeric_limits<uint32_t>::max()) return;
    fdes_.push_back({fde->lo, offset, &*known});
  }

  const std::optional<KnownCie>& cie(uint64_t offset) {
    if (cies_.size() >= kMaxCies && !cies_.contains(offset)) return no_cie_;
    const auto [place, is_new] = cies_.try_emplace(offset);
    if (is_new) {
      const auto parsed = frame_.cie_at(offset);
      const auto initial = parsed ? initial_state(frame_, *parsed) : std::nullopt;
      if (initial) place->second = KnownCie{*parsed, *initial};
    }
    return place->second;
  }

  void add_function(const FdePlace& place) {
    const auto fde = frame_.fde_at(place.offset, place.cie->cie);
    if (!fde || fde->lo < covered_to_) return;
    if (covered_to_ != 0 && fde->lo - covered_to_ > kMaxPaddingBytes) push_row(covered_to_, 0);
    table_.function_offsets_.push_back(static_cast<uint32_t>(fde->lo - table_.base_va_));
    CfiProgram program(frame_, place.cie->cie, place.cie->initial, *fde);
    CfiRow row;
    while (table_.row_rules_.size() < kMaxRows && program.next(row)) push_row(row.pc, rule_id(row.rule));
    covered_to_ = fde->hi;
  }

  void push_row(uint64_t va, uint16_t rule) {
    if (!table_.row_rules_.empty() && table_.row_rules_.back() == rule) return;
    table_.row_offsets_.push_back(static_cast<uint32_t>(va - table_.base_va_));
    table_.row_rules_.push_back(rule);
  }

  uint16_t rule_id(const CfiRule& rule) {
    if (rule == last_rule_) return last_id_;
    last_rule_ = rule;
    last_id_ = find_or_add(rule);
    if (last_id_ == 0 && rule.cfa != CfaKind::none) ++table_.overflow_count_;
    return last_id_;
  }

  uint16_t find_or_add(const CfiRule& rule) {
    if (const auto known = ids_.find(rule); known != ids_.end()) return known->second;
    if (rule.cfa == CfaKind::none || table_.rules_.size() >= kMaxRules) return 0;
    table_.rules_.push_back(rule.cfa == CfaKind::expression ? with_own_bytes(rule) : rule);
    const auto id = static_cast<uint16_t>(table_.rules_.size() - 1);
    ids_.emplace(rule, id);
    return id;
  }

  // An expression rule moves its bytes into the table's pool, so the section can be dropped.
  CfiRule with_own_bytes(CfiRule rule) {
    const auto bytes = frame_.bytes().subspan(static_cast<size_t>(rule.cfa_offset), rule.cfa_reg);
    auto& pool = table_.expressions_;
    const auto [known, is_new] = pool_offsets_.try_emplace(text_of(bytes), static_cast<int32_t>(pool.size()));
    if (is_new) pool.insert(pool.end(), bytes.begin(), bytes.end());
    rule.cfa_offset = known->second;
    return rule;
  }

  const ModuleImage& image_;
  EhFrame frame_;
  CfiTable& table_;
  std::vector<FdePlace> fdes_;
  std::unordered_map<uint64_t, std::optional<KnownCie>> cies_;  // by section offset; nodes do not move
  const std::optional<KnownCie> no_cie_;
  std::unordered_map<CfiRule, uint16_t, RuleHash> ids_{64, RuleHash{random_seed()}};  // at most kMaxRules
  std::unordered_map<std::string_view, int32_t> pool_offsets_;  // by the bytes, which lie in the section
  CfiRule last_rule_;
  uint16_t last_id_ = 0;
  uint64_t covered_to_ = 0;
};

CfiTable::CfiTable(const ModuleImage& image) {
  CfiTableBuilder(image, *this).build();
  index_rows();
}

void CfiTable::index_rows() {
  if (row_offsets_.empty()) return;
  first_block_ = row_offsets_.front() >> kBlockShift;
  const size_t blocks = (row_offsets_.back() >> kBlockShift) - first_block_ + size_t{2};
  block_rows_.resize(blocks);
  size_t row = 0;
  for (size_t block = 0; block < blocks; ++block) {
    const uint64_t start = (uint64_t{first_block_} + block) << kBlockShift;
    while (row < row_offsets_.size() && row_offsets_[row] < start) ++row;
    block_rows_[block] = static_cast<uint32_t>(row);
  }
}

const CfiRule* CfiTable::find(uint64_t va) const {
  const uint64_t offset = va - base_va_;
  if (row_offsets_.empty() || offset < row_offsets_.front() || offset > row_offsets_.back()) return nullptr;
  const size_t block = static_cast<size_t>(offset >> kBlockShift) - first_block_;
  const auto first = row_offsets_.begin() + block_rows_[block];
  const auto last = row_offsets_.begin() + block_rows_[block + 1];
  const auto after = std::upper_bound(first, last, static_cast<uint32_t>(offset));
  // The row before the block's first one may reach into the block.
  const auto row = static_cast<size_t>(after - row_offsets_.begin()) - 1;
  const uint16_t rule = row_rules_[row];
  return rule == 0 ? nullptr : &rules_[rule];
}

uint64_t CfiTable::function_start(uint64_t va) const {
  if (find(va) == nullptr) return 0;
  const auto offset = static_cast<uint32_t>(va - base_va_);
  const auto after = std::upper_bound(function_offsets_.begin(), function_offsets_.end(), offset);
  return after == function_offsets_.begin() ? 0 : base_va_ + *(after - 1);
}

size_t CfiTable::byte_size() const {
  return row_offsets_.size() * sizeof(uint32_t) + row_rules_.size() * sizeof(uint16_t) +
         rules_.size() * sizeof(CfiRule) + expressions_.size() + function_offsets_.size() * sizeof(uint32_t) +
         block_rows_.size() * sizeof(uint32_t);
}

}  // namespace prof
