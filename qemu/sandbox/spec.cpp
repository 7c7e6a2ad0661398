// SPDX-License-Identifier: Apache-2.0
#include "qemu/sandbox/spec.hpp"

#include <cstring>
#include <type_traits>

namespace lemu::sandbox {
namespace {

constexpr std::uint32_t kMagic = 0x31756d6c;  // "lmu1": a helper of another version refuses to go on

// The last value of each enumeration: a byte beyond it is no specification.
constexpr Isolation last_of(Isolation) { return Isolation::plain; }
constexpr Stdio last_of(Stdio) { return Stdio::inherited; }
constexpr MountKind last_of(MountKind) { return MountKind::hidden; }
constexpr MountAccess last_of(MountAccess) { return MountAccess::read_write; }
constexpr Need last_of(Need) { return Need::wanted; }

// One list of fields serves writing and reading: `visit(archive, spec)` below.
class Writer {
 public:
  std::string bytes;

  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void operator()(const T& value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::uint32_t>(text.size()));
    bytes += text;
  }
  template <class T>
  void operator()(const std::vector<T>& items) {
    (*this)(static_cast<std::uint32_t>(items.size()));
    for (const T& item : items) (*this)(item);
  }
  template <class T>
  void operator()(const std::optional<T>& maybe) {
    (*this)(static_cast<std::uint8_t>(maybe.has_value()));
    if (maybe) (*this)(*maybe);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(const T& record) { visit(*this, record); }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool whole() const { return good_ && rest_.empty(); }

  template <class T>
  requires std::is_integral_v<T>
  void operator()(T& value) {
    if (rest_.size() < sizeof value) return spoil();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T& value) {
    std::underlying_type_t<T> number = 0;
    (*this)(number);
    if (!good_ || number > static_cast<std::underlying_type_t<T>>(last_of(value))) return spoil();
    value = static_cast<T>(number);
  }
  void operator()(std::string& text) {
    std::uint32_t size = 0;
    (*this)(size);
    if (!good_ || rest_.size() < size) return spoil();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  template <class T>
  void operator()(std::vector<T>& items) {
    std::uint32_t count = 0;
    (*this)(count);
    // Not resized to what the count says: only what is there takes memory.
    for (; good_ && count > 0; --count) (*this)(items.emplace_back());
  }
  template <class T>
  void operator()(std::optional<T>& maybe) {
    std::uint8_t present = 0;
    (*this)(present);
    if (present > 1) return spoil();
    if (present == 0) return;
    maybe.emplace();
    (*this)(*maybe);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(T& record) { visit(*this, record); }

 private:
  void spoil() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

template <class Record, class T>
concept Is = std::is_same_v<std::remove_const_t<Record>, T>;

template <class Archive, Is<Mount> R>
void visit(Archive& a, R& m) {
  a(m.kind), a(m.source), a(m.target), a(m.mode), a(m.size), a(m.inodes), a(m.access), a(m.need);
  a(m.identity.device), a(m.identity.inode);
}
template <class Archive, Is<Binfmt> R>
void visit(Archive& a, R& b) {
  a(b.registration), a(b.folder), a(b.need);
}
template <class Archive, Is<Program> R>
void visit(Archive& a, R& p) {
  a(p.path), a(p.arguments), a(p.environment), a(p.elf_machine), a(p.loaded);
}
template <class Archive, Is<ResourceLimit> R>
void visit(Archive& a, R& l) {
  a(l.resource), a(l.soft), a(l.hard);
}
template <class Archive, Is<SandboxSpec> R>
void visit(Archive& a, R& s) {
  a(s.isolation), a(s.stdio), a(s.root_folder), a(s.hostname), a(s.mounts), a(s.binfmt);
  a(s.function_uid), a(s.function_gid), a(s.host_uid), a(s.host_gid);
  a(s.normal), a(s.direct), a(s.environment), a(s.working_folder), a(s.limits), a(s.memory_bytes);
  a(s.shared_memory), a(s.cgroup);
}

}  // namespace

std::string encode(const SandboxSpec& spec) {
  Writer writer;
  writer(kMagic);
  writer(spec);
  if (writer.bytes.size() > kMaxSpecBytes) writer.bytes.clear();
  return std::move(writer.bytes);
}

std::optional<SandboxSpec> decode(std::string_view bytes) {
  Reader reader(bytes);
  std::uint32_t magic = 0;
  SandboxSpec spec;
  reader(magic);
  reader(spec);
  if (!reader.whole() || magic != kMagic) return std::nullopt;
  return spec;
}

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::specification: return "specification";
    case Stage::user_namespace: return "user namespace";
    case Stage::id_maps: return "user and group id maps";
    case Stage::private_mounts: return "private mounts";
    case Stage::root: return "root file system";
    case Stage::mount: return "mount";
    case Stage::binfmt: return "private binfmt_misc";
    case Stage::pivot_root: return "pivot_root";
    case Stage::hostname: return "host name";
    case Stage::seal: return "read-only root";
    case Stage::proc: return "read-only /proc";
    case Stage::oom_score: return "oom_score_adj";
    case Stage::fork: return "fork";
    case Stage::log: return "log descriptor";
    case Stage::function_user: return "function's user";
    case Stage::limits: return "resource limits";
    case Stage::capabilities: return "capabilities";
    case Stage::filter: return "system call filter";
    case Stage::working_folder: return "working directory";
    case Stage::load: return "loading the program";
    case Stage::exec: return "exec";
  }
  return "unknown stage";
}

}  // namespace lemu::sandbox
