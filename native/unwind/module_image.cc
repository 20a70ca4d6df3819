// ELF headers to ModuleImage. Every size is checked against the source before memory is asked for.
#include "unwind/module_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "unwind/byte_cursor.h"

namespace prof {
namespace {

constexpr uint64_t kPageMask = 4095;
constexpr uint64_t kMaxSectionBytes = uint64_t{1} << 29;
constexpr size_t kMaxProgramHeaders = 512;
constexpr uint64_t kMaxSectionHeaders = 1 << 16;
constexpr uint64_t kMaxNoteBytes = 1 << 16;

template <class T>
bool read_object(const ByteSource& source, uint64_t offset, T& out) {
  return source.read_at(offset, std::as_writable_bytes(std::span(&out, 1))) == sizeof(T);
}

std::vector<std::byte> read_range(const ByteSource& source, uint64_t offset, uint64_t size) {
  if (size > kMaxSectionBytes || size > source.size()) return {};
  std::vector<std::byte> bytes(static_cast<size_t>(size));
  bytes.resize(source.read_at(offset, bytes));
  return bytes;
}

bool is_supported(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
         header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == EM_X86_64;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<size_t>(byte) >> 4];
    text += kDigits[std::to_integer<size_t>(byte) & 15];
  }
  return text;
}

std::string build_id_in_notes(std::span<const std::byte> notes) {
  ByteCursor cursor(notes);
  while (cursor.remaining() >= sizeof(Elf64_Nhdr)) {
    const auto note = cursor.read<Elf64_Nhdr>();
    const auto name = cursor.take((uint64_t{note.n_namesz} + 3) & ~uint64_t{3});
    const auto payload = cursor.take(note.n_descsz);
    if (cursor.failed()) break;
    const bool is_gnu = note.n_namesz == 4 && std::memcmp(name.data(), "GNU", 4) == 0;
    if (is_gnu && note.n_type == NT_GNU_BUILD_ID && payload.size() <= 64) return to_hex(payload);
    cursor.take(((uint64_t{note.n_descsz} + 3) & ~uint64_t{3}) - note.n_descsz);
  }
  return {};
}

class ImageReader {
 public:
  explicit ImageReader(const ByteSource& source) : source_(source) {}

  std::optional<ModuleImage> read() {
    if (!read_object(source_, 0, header_) || !is_supported(header_)) return std::nullopt;
    image_.entry = header_.e_entry;
    read_program_headers();
    if (image_.segments.empty()) return std::nullopt;
    if (hdr_size_ != 0) read_hdr();
    read_sections();
    if (image_.eh_frame.bytes.empty()) read_eh_frame_by_hdr();
    return std::move(image_);
  }

 private:
  void read_program_headers() {
    if (header_.e_phentsize != sizeof(Elf64_Phdr)) return;
    const size_t count = std::min<size_t>(header_.e_phnum, kMaxProgramHeaders);
    const auto bytes = read_range(source_, header_.e_phoff, count * sizeof(Elf64_Phdr));
    ByteCursor cursor(bytes);
    image_.base_va = std::numeric_limits<uint64_t>::max();
    while (cursor.remaining() >= sizeof(Elf64_Phdr)) add_program_header(cursor.read<Elf64_Phdr>());
  }

  void add_program_header(const Elf64_Phdr& program) {
    if (program.p_vaddr + program.p_memsz < program.p_vaddr) return;
    if (program.p_type == PT_LOAD) {
      add_segment(program);
    } else if (program.p_type == PT_GNU_EH_FRAME) {
      image_.eh_frame_hdr.va = program.p_vaddr;
      hdr_size_ = program.p_memsz;
    } else if (program.p_type == PT_NOTE && image_.build_id.empty() && program.p_filesz <= kMaxNoteBytes) {
      image_.build_id = build_id_in_notes(read_range(source_, program.p_offset, program.p_filesz));
    }
  }

  void add_segment(const Elf64_Phdr& program) {
    const bool executable = (program.p_flags & PF_X) != 0;
    image_.base_va = std::min(image_.base_va, program.p_vaddr & ~kPageMask);
    image_.segments.push_back(
        {program.p_offset, program.p_vaddr, program.p_filesz, program.p_memsz, executable});
    if (!executable) return;
    const uint64_t hi = program.p_vaddr + program.p_memsz;
    image_.text_lo = image_.text_hi == 0 ? program.p_vaddr : std::min(image_.text_lo, program.p_vaddr);
    image_.text_hi = std::max(image_.text_hi, hi);
  }

  void read_hdr() {
    const ModuleImage::Segment* segment = segment_of(image_.eh_frame_hdr.va);
    if (segment == nullptr) return;
    const uint64_t inside = image_.eh_frame_hdr.va - segment->va;
    const uint64_t size = std::min(hdr_size_, segment->file_size - inside);
    image_.eh_frame_hdr.bytes = read_range(source_, segment->file_offset + inside, size);
  }

  void read_sections() {
    if (header_.e_shoff == 0 || header_.e_shentsize != sizeof(Elf64_Shdr)) return;
    Elf64_Shdr first{};
    if (!read_object(source_, header_.e_shoff, first)) return;
    // More than 0xff00 sections: the real numbers stand in section 0 (gABI, "e_shnum").
    const uint64_t count = header_.e_shnum != 0 ? header_.e_shnum : first.sh_size;
    const uint64_t names_index = header_.e_shstrndx == SHN_XINDEX ? first.sh_link : header_.e_shstrndx;
    if (count > kMaxSectionHeaders || names_index >= count) return;

    std::vector<Elf64_Shdr> sections(static_cast<size_t>(count));
    const auto out = std::as_writable_bytes(std::span(sections));
    if (source_.read_at(header_.e_shoff, out) != out.size()) return;
    const Elf64_Shdr& names_section = sections[static_cast<size_t>(names_index)];
    const auto names = read_range(source_, names_section.sh_offset, names_section.sh_size);
    uint64_t text = 0;
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_type == SHT_NOBITS) continue;
      add_section(section, name_at(names, section.sh_name), text);
    }
    if (image_.go_table != 0) image_.go_text = text;
  }

  void add_section(const Elf64_Shdr& section, std::string_view name, uint64_t& text) {
    if (name == ".text") {
      text = section.sh_addr;
    } else if (name == ".gopclntab" || name == ".data.rel.ro.gopclntab") {
      image_.go_table = section.sh_addr;
    } else if (name == ".eh_frame" && image_.eh_frame.bytes.empty()) {
      image_.eh_frame = {section.sh_addr, read_range(source_, section.sh_offset, section.sh_size)};
    }
  }

  static std::string_view name_at(std::span<const std::byte> names, uint32_t offset) {
    if (offset >= names.size()) return {};
    const auto* const text = reinterpret_cast<const char*>(names.data()) + offset;
    return {text, strnlen(text, names.size() - offset)};
  }

  void read_eh_frame_by_hdr() {
    constexpr std::byte kPcRelativeSigned4{0x1b};  // DW_EH_PE_pcrel | sdata4: the only form linkers write
    const auto& hdr = image_.eh_frame_hdr;
    if (hdr.bytes.size() < 8 || hdr.bytes[1] != kPcRelativeSigned4) return;
    int32_t relative = 0;
    std::memcpy(&relative, hdr.bytes.data() + 4, sizeof(relative));
    const uint64_t va = hdr.va + 4 + static_cast<uint64_t>(int64_t{relative});
    const ModuleImage::Segment* segment = segment_of(va);
    if (segment == nullptr) return;
    const uint64_t inside = va - segment->va;
    image_.eh_frame = {va, read_range(source_, segment->file_offset + inside, segment->file_size - inside)};
  }

  [[nodiscard]] const ModuleImage::Segment* segment_of(uint64_t va) const {
    for (const auto& segment : image_.segments) {
      if (va >= segment.va && va - segment.va < segment.file_size) return &segment;
    }
    return nullptr;
  }

  const ByteSource& source_;
  Elf64_Ehdr header_{};
  uint64_t hdr_size_ = 0;
  ModuleImage image_;
};

}  // namespace

std::optional<uint64_t> ModuleImage::bias_of(uint64_t lo, uint64_t offset) const {
  for (const Segment& segment : segments) {
    const uint64_t first_page = segment.file_offset & ~kPageMask;
    const uint64_t mapped_bytes = segment.file_size + (segment.file_offset - first_page);
    if (!segment.executable || offset < first_page || offset - first_page >= mapped_bytes) continue;
    return (lo - offset) - (segment.va - segment.file_offset);
  }
  return std::nullopt;
}

std::optional<ModuleImage> read_module_image(const ByteSource& source) { return ImageReader(source).read(); }

}  // namespace prof
