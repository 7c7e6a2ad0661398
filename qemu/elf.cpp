// SPDX-License-Identifier: Apache-2.0
// The layouts are those of elf(5) and of the LSB's "Symbol Versioning"; structures are copied out of the
// bytes, so alignment in a hostile file does not matter.
#include "qemu/elf.hpp"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/input_file.hpp"
#include "qemu/errors.hpp"

namespace lemu::qemu {
namespace {

static_assert(std::endian::native == std::endian::little, "both of Lambda's architectures are little-endian");

// Bounds that no real program meets, so that a hostile one costs little: a dynamic section of 64 Ki entries,
// 4,096 version records, names as long as a path may be.
constexpr std::uint64_t kMostDynamicEntries = 64 * 1024;
constexpr int kMostVersionRecords = 4096;
constexpr std::size_t kLongestName = 4096;

/// Where the bytes come from: a string in memory or a file.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  /// At most `size` bytes from `offset`; fewer (or none) where the file ends.
  virtual std::string read(std::uint64_t offset, std::size_t size) = 0;

  template <class Struct>
  std::optional<Struct> get(std::uint64_t offset) {
    const std::string bytes = read(offset, sizeof(Struct));
    if (bytes.size() != sizeof(Struct)) return std::nullopt;
    Struct value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::string read(std::uint64_t offset, std::size_t size) override {
    if (offset >= bytes_.size()) return {};
    return std::string(bytes_.substr(static_cast<std::size_t>(offset), size));
  }

 private:
  std::string_view bytes_;
};

class FileSource final : public Source {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  std::string read(std::uint64_t offset, std::size_t size) override {
    constexpr std::uint64_t kLastOffset = INT64_MAX;
    if (offset > kLastOffset - size) return {};
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    bytes.resize(done);
    return bytes;
  }

 private:
  int fd_;
};

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386: return "32-bit x86 (i386)";
    case EM_ARM: return "32-bit ARM";
    case EM_RISCV: return "RISC-V";
    case EM_PPC64: return "64-bit PowerPC";
    case EM_S390: return "IBM Z (s390x)";
    case EM_MIPS: return "MIPS";
    case EM_LOONGARCH: return "LoongArch";
    case EM_BPF: return "BPF";
    default: return "ELF machine number " + std::to_string(machine);
  }
}

tl::unexpected<Error> cut_short(std::string_view part) { return fail<"elf-damaged">(at<"part">(part)); }

/// One reading of one file; collects into `info_`.
class ElfReader {
 public:
  explicit ElfReader(Source& source) : source_(source) {}

  Result<ElfInfo> run() {
    Status read = read_header();
    if (read) read = read_program_headers();
    if (read) read = read_dynamic_section();
    LEMU_TRY(read);
    return std::move(info_);
  }

 private:
  Status read_header() {
    const std::string ident = source_.read(0, EI_NIDENT);
    if (!looks_like_elf(ident)) return fail<"elf-not-one">();
    if (ident.size() < EI_NIDENT) return cut_short("header");
    if (ident[EI_DATA] == ELFDATA2MSB) return fail<"elf-big-endian">();
    const std::optional<Elf32_Half> machine = source_.get<Elf32_Half>(offsetof(Elf64_Ehdr, e_machine));
    if (!machine) return cut_short("header");
    if (ident[EI_CLASS] == ELFCLASS32) return fail<"elf-32-bit">(at<"machine">(machine_name(*machine)));
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
      return cut_short("class or byte order");
    const std::optional<Arch> arch = arch_of_elf_machine(*machine);
    if (!arch) return fail<"elf-wrong-machine">(at<"machine">(machine_name(*machine)));
    info_.arch = *arch;
    const std::optional<Elf64_Ehdr> header = source_.get<Elf64_Ehdr>(0);
    if (!header) return cut_short("header");
    header_ = *header;
    if (header_.e_type == ET_EXEC) info_.type = ElfType::fixed;
    if (header_.e_type == ET_DYN) info_.type = ElfType::relocatable;
    return {};
  }

  Status read_program_headers() {
    if (header_.e_phnum == 0) return {};
    if (header_.e_phentsize != sizeof(Elf64_Phdr)) return cut_short("program header size");
    const std::size_t size = header_.e_phnum * sizeof(Elf64_Phdr);
    const std::string table = source_.read(header_.e_phoff, size);
    if (table.size() != size) return cut_short("program headers");
    segments_.resize(header_.e_phnum);
    std::memcpy(segments_.data(), table.data(), size);
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type == PT_LOAD && segment.p_filesz > 0)
        info_.loaded_end = std::max(info_.loaded_end, segment.p_offset + segment.p_filesz);
      if (segment.p_type == PT_INTERP) {
        std::optional<std::string> name = read_name(segment.p_offset, segment.p_filesz);
        if (!name) return cut_short("interpreter");
        info_.interpreter = *std::move(name);
      }
    }
    return {};
  }

  Status read_dynamic_section() {
    for (const Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_DYNAMIC) {
        Status read = read_dynamic_entries(segment);
        LEMU_TRY(read);
        return read_names_and_versions();
      }
    return {};
  }

  Status read_dynamic_entries(const Elf64_Phdr& segment) {
    const std::uint64_t count = segment.p_filesz / sizeof(Elf64_Dyn);
    if (count > kMostDynamicEntries) return cut_short("dynamic section");
    const std::size_t size = static_cast<std::size_t>(count) * sizeof(Elf64_Dyn);
    const std::string table = source_.read(segment.p_offset, size);
    if (table.size() != size) return cut_short("dynamic section");
    for (std::size_t at = 0; at < size; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      std::memcpy(&entry, table.data() + at, sizeof entry);
      if (entry.d_tag == DT_NULL) break;
      dynamic_.push_back(entry);
    }
    return {};
  }

  Status read_names_and_versions() {
    if (const std::optional<std::uint64_t> strings = tag(DT_STRTAB)) strings_ = offset_of(*strings);
    std::size_t left = kMostNameBytes;
    for (const Elf64_Dyn& entry : dynamic_) {
      std::string* target = nullptr;
      if (entry.d_tag == DT_NEEDED) target = &info_.needed.emplace_back();
      if (entry.d_tag == DT_SONAME) target = &info_.soname;
      if (entry.d_tag == DT_RPATH) target = &info_.rpath;
      if (entry.d_tag == DT_RUNPATH) target = &info_.runpath;
      if (target == nullptr) continue;
      std::optional<std::string> name = string_at(entry.d_un.d_val);
      if (!name || name->size() > left) return cut_short("dynamic strings");
      left -= name->size();
      *target = *std::move(name);
    }
    if (!read_versions_needed()) return cut_short("version needs");
    if (!read_versions_defined()) return cut_short("version definitions");
    return {};
  }

  // Verneed is a list of libraries, each with a list of Vernaux: links are distances forward, so a walk ends;
  // a count in the file never drives a loop alone.
  bool read_versions_needed() {
    const std::optional<std::uint64_t> table = tag(DT_VERNEED);
    if (!table) return true;
    std::optional<std::uint64_t> at = offset_of(*table);
    if (!at) return false;
    int budget = kMostVersionRecords;
    while (true) {
      const std::optional<Elf64_Verneed> library = source_.get<Elf64_Verneed>(*at);
      if (!library || !read_library_versions(*at + library->vn_aux, library->vn_cnt, budget)) return false;
      if (library->vn_next == 0) return true;
      *at += library->vn_next;
      if (--budget <= 0) return false;
    }
  }

  bool read_library_versions(std::uint64_t at, unsigned count, int& budget) {
    for (unsigned i = 0; i < count; ++i) {
      if (--budget <= 0) return false;
      const std::optional<Elf64_Vernaux> version = source_.get<Elf64_Vernaux>(at);
      if (!version) return false;
      const std::optional<std::string> name = string_at(version->vna_name);
      if (!name) return false;
      info_.glibc_needed = std::max(info_.glibc_needed, parse_glibc_version(*name));
      if (version->vna_next == 0) break;
      at += version->vna_next;
    }
    return true;
  }

  bool read_versions_defined() {
    const std::optional<std::uint64_t> table = tag(DT_VERDEF);
    if (!table) return true;
    std::optional<std::uint64_t> at = offset_of(*table);
    if (!at) return false;
    for (int budget = kMostVersionRecords; budget > 0; --budget) {
      const std::optional<Elf64_Verdef> version = source_.get<Elf64_Verdef>(*at);
      if (!version) return false;
      const std::optional<Elf64_Verdaux> first = source_.get<Elf64_Verdaux>(*at + version->vd_aux);
      const std::optional<std::string> name = first ? string_at(first->vda_name) : std::nullopt;
      if (!name) return false;
      info_.glibc_provided = std::max(info_.glibc_provided, parse_glibc_version(*name));
      if (version->vd_next == 0) return true;
      *at += version->vd_next;
    }
    return false;
  }

  std::optional<std::uint64_t> tag(Elf64_Sxword wanted) const {
    for (const Elf64_Dyn& entry : dynamic_)
      if (entry.d_tag == wanted) return entry.d_un.d_val;
    return std::nullopt;
  }

  /// The place in the file of a virtual address, by the loaded segments.
  std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr& segment : segments_)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz)
        return segment.p_offset + (address - segment.p_vaddr);
    return std::nullopt;
  }

  std::optional<std::string> string_at(std::uint64_t index) {
    if (!strings_) return std::nullopt;
    return read_name(*strings_ + index, kLongestName);
  }

  /// A NUL-terminated name; nothing when no NUL comes within `most` bytes. Most names are short, so a little
  /// is read first.
  std::optional<std::string> read_name(std::uint64_t offset, std::uint64_t most) {
    const std::size_t limit = static_cast<std::size_t>(std::min<std::uint64_t>(most, kLongestName));
    for (const std::size_t size : {std::min<std::size_t>(limit, 128), limit}) {
      const std::string bytes = source_.read(offset, size);
      const std::size_t end = bytes.find('\0');
      if (end != std::string::npos) return bytes.substr(0, end);
    }
    return std::nullopt;
  }

  Source& source_;
  ElfInfo info_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Dyn> dynamic_;
  std::optional<std::uint64_t> strings_;
};

}  // namespace

std::string GlibcVersion::text() const { return std::to_string(major) + "." + std::to_string(minor); }

std::optional<GlibcVersion> parse_glibc_version(std::string_view symbol_version) {
  // Relative relocations came with 2.36 and are asked for by a name of their own (binutils' -z
  // pack-relative-relocs).
  if (symbol_version == "GLIBC_ABI_DT_RELR") return GlibcVersion{2, 36};
  constexpr std::string_view kPrefix = "GLIBC_";
  if (!symbol_version.starts_with(kPrefix)) return std::nullopt;
  const char* const end = symbol_version.data() + symbol_version.size();
  GlibcVersion version;
  const auto [dot, error] = std::from_chars(symbol_version.data() + kPrefix.size(), end, version.major);
  if (error != std::errc() || dot == end || *dot != '.') return std::nullopt;
  if (std::from_chars(dot + 1, end, version.minor).ec != std::errc()) return std::nullopt;
  return version;
}

bool looks_like_elf(std::string_view bytes) { return bytes.starts_with(std::string_view(ELFMAG, SELFMAG)); }

Result<ElfInfo> inspect_elf(std::string_view bytes) {
  MemorySource source(bytes);
  return ElfReader(source).run();
}

Result<ElfInfo> inspect_elf_file(int fd) {
  FileSource source(fd);
  return ElfReader(source).run();
}

Result<ElfInfo> inspect_elf_path(const std::string& path) {
  Result<Fd> fd = open_regular(path);
  LEMU_TRY(fd);
  Result<ElfInfo> info = inspect_elf_file(fd->get());
  if (!info) return fail(std::move(info.error()).within(path));
  return info;
}

}  // namespace lemu::qemu
