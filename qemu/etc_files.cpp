// SPDX-License-Identifier: Apache-2.0
#include "qemu/etc_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "qemu/etc_content.hpp"

namespace lemu::qemu {
namespace {

using sandbox::Mount;
using sandbox::MountKind;
using sandbox::Need;

// Always: the function is 993:990, whom no other system knows, and the network is the host's.
constexpr MadeFile kMadeFiles[] = {
    {"passwd", "the function's user, root and nobody", Laid::always, passwd_file},
    {"group", "their groups", Laid::always, group_file},
    {"hosts", "`localhost`, and `sandbox`, as on Lambda", Laid::always, hosts_file},
    {"resolv.conf", "a copy of the host's", Laid::always, resolv_conf},
    {"nsswitch.conf", "files, and DNS for hosts", Laid::where_missing, nsswitch_conf},
    {"protocols", "the numbers of the usual protocols", Laid::where_missing, protocols_file},
    {"services", "the ports of the usual services", Laid::where_missing, services_file},
    {"os-release", "Amazon Linux 2023's", Laid::without_root, os_release},
    {"system-release", "Amazon Linux 2023's", Laid::without_root, system_release},
};

// What packages of distributions put there for everybody to read, and link to from below /usr. Not here: what
// an administrator writes (`environment`, `npmrc`, `pip.conf`; web servers', databases' and mail's files),
// and what tells of the machine (`machine-id`, `hostname`, `fstab`).
constexpr std::string_view kPublicPlaces[] = {
    "GraphicsMagick*",
    "ImageMagick*",
    "R",
    "X11",
    "alternatives",
    "ant*",
    "ca-certificates",
    "crypto-policies",
    "dotnet",
    "fonts",
    "ghostscript",
    "groff",
    "groovy*",
    "java*",
    "ld.so.cache",
    "libreoffice",
    "locale.alias",
    "maven*",
    "mono",
    "openmpi*",
    "os-release",
    "pki",
    "python3.*",
    "ssl",
    "static",
    "system-release",
    "texmf",
};
/// In ssl, pki and pki/tls.
constexpr std::string_view kPublicInMixed[] = {
    "ca-bundle.pem", "ca-trust",    "cert.pem",  "certs", "ct_log_list.cnf",
    "java",          "openssl.cnf", "openssl.d", "tls",
};

constexpr std::string_view kCertificatePaths[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian's, which Go and Rust's openssl-probe try first
    "/etc/ssl/certs/ca-bundle.crt",        // Amazon Linux's
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
};

/// Folders in which private and public things lie side by side, by every distribution's own layout.
constexpr std::string_view kMixedFolders[] = {"/etc/ssl", "/etc/pki", "/etc/pki/tls"};
constexpr std::string_view kCertificateFolders[] = {"/etc/ssl/certs", "/etc/pki/tls/certs"};
constexpr std::string_view kPrivateFolder = "private";

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

bool is_public_place(std::string_view name) {
  return std::any_of(std::begin(kPublicPlaces), std::end(kPublicPlaces), [&](std::string_view place) {
    return place.ends_with('*') ? name.starts_with(place.substr(0, place.size() - 1)) : name == place;
  });
}

bool lies_over(const std::string& name) {
  return std::any_of(std::begin(kMadeFiles), std::end(kMadeFiles),
                     [&](const MadeFile& made) { return made.name == name && made.laid == Laid::always; });
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// Not through a link, which on this host leads elsewhere than in the root.
Folder open_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  return Folder(fd < 0 ? nullptr : ::fdopendir(fd));
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  const Folder folder = open_folder(path);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr)
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..")
      names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

bool everybody_may_read(const struct stat& about) {
  const mode_t wanted = S_ISDIR(about.st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
  return (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) && (about.st_mode & wanted) == wanted;
}

/// Takes what is public of one root's /etc.
class EtcOfRoot {
 public:
  enum class Kind { host, sysroot };

  EtcOfRoot(std::string root, Kind kind) : root_(std::move(root)), kind_(kind) {
    struct stat usr {};
    if (::stat((root_ + "/usr").c_str(), &usr) == 0) owner_ = usr.st_uid;
  }

  void take() {
    for (const std::string& name : names_in(root_ + "/etc")) {
      if (lies_over(name) || (kind_ == Kind::host && !is_public_place(name))) continue;
      take_entry("/etc/" + name);
    }
  }

  [[nodiscard]] std::vector<Mount> mounts() && { return std::move(mounts_); }

 private:
  void take_entry(const std::string& path) {
    struct stat about {};
    const std::string source = root_ + path;
    if (::lstat(source.c_str(), &about) < 0) return;
    if (S_ISLNK(about.st_mode)) {
      std::error_code failed;
      const std::string text = std::filesystem::read_symlink(source, failed).string();
      if (!failed) mounts_.push_back({.kind = MountKind::symlink, .source = text, .target = path});
      return;
    }
    if (!is_for_everybody(about) || path.ends_with("/" + std::string(kPrivateFolder))) return;
    if (S_ISDIR(about.st_mode) && !may_be_bound_whole(path)) {
      mounts_.push_back({.kind = MountKind::folder, .target = path});
      for (const std::string& name : names_in(source))
        if (kind_ == Kind::sysroot || !contains(kMixedFolders, path) || contains(kPublicInMixed, name))
          take_entry(path + "/" + name);
      return;
    }
    mounts_.push_back({.kind = MountKind::bind, .source = source, .target = path, .need = Need::wanted});
  }

  /// The host's is the system's only where its owner is that of /usr, and nobody else may have written it.
  [[nodiscard]] bool is_for_everybody(const struct stat& about) const {
    if (!everybody_may_read(about)) return false;
    return kind_ == Kind::sysroot || (about.st_uid == owner_ && (about.st_mode & S_IWOTH) == 0);
  }

  [[nodiscard]] bool has_bundle() const {
    const GuestRoot tree({{root_.empty() ? "/" : root_, "/"}});
    return std::any_of(std::begin(kCertificatePaths), std::end(kCertificatePaths),
                       [&](std::string_view path) { return tree.find(path).has_value(); });
  }

  [[nodiscard]] bool may_be_bound_whole(const std::string& path) const {
    if (contains(kMixedFolders, path)) return false;
    if (contains(kCertificateFolders, path) && !has_bundle()) return false;  // one is to be laid beside
    return kind_ == Kind::host || all_is_for_everybody(path, 0);
  }

  /// In a sysroot that an ordinary user unpacked, private files are his own: the function could read them.
  [[nodiscard]] bool all_is_for_everybody(const std::string& path, int depth) const {
    constexpr int kDeepest = 16;
    const Folder folder = open_folder(root_ + path);
    if (!folder || depth > kDeepest) return false;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || entry->d_type == DT_LNK) continue;
      struct stat about {};
      if (::fstatat(::dirfd(folder.get()), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) < 0) return false;
      if (S_ISLNK(about.st_mode)) continue;
      if (!everybody_may_read(about) || name == kPrivateFolder) return false;
      if (S_ISDIR(about.st_mode) && !all_is_for_everybody(path + "/" + std::string(name), depth + 1))
        return false;
    }
    return true;
  }

  std::string root_;
  Kind kind_;
  uid_t owner_ = 0;
  std::vector<Mount> mounts_;
};

/// Whether something can be made at `path`: nothing is there, and no folder above it is bound or a link.
bool is_free(const std::vector<Mount>& mounts, std::string_view path) {
  return std::none_of(mounts.begin(), mounts.end(), [&](const Mount& mount) {
    if (mount.target == path) return true;
    const bool above = path.starts_with(mount.target) && path[mount.target.size()] == '/';
    return above && mount.kind != MountKind::folder;
  });
}

void lay_made_files(std::vector<Mount>& mounts, bool has_root) {
  for (const MadeFile& made : kMadeFiles) {
    const std::string path = "/etc/" + std::string(made.name);
    if (is_free(mounts, path) && !(has_root && made.laid == Laid::without_root))
      mounts.push_back({.kind = MountKind::file, .source = made.content(), .target = path, .mode = 0644});
  }
}

/// Lambda's time zone. (Programs are told by TZ; this is for those that are not.)
void lay_time_zone(std::vector<Mount>& mounts) {
  if (is_free(mounts, "/etc/localtime"))
    mounts.push_back(
        {.kind = MountKind::symlink, .source = "/usr/share/zoneinfo/UTC", .target = "/etc/localtime"});
}

bool is_certificate_path(std::string_view target) {
  return std::any_of(std::begin(kCertificatePaths), std::end(kCertificatePaths), [&](std::string_view path) {
    return path.starts_with(target) && (path.size() == target.size() || path[target.size()] == '/');
  });
}

/// Where the bundle can be seen; links that lead to nothing that is shown (openSUSE's to /var/lib) are
/// dropped.
std::optional<std::string> visible_bundle(std::vector<Mount>& mounts, const std::string& root) {
  GuestRoot tree;
  show(tree, mounts);
  for (const char* folder : {"/usr", "/nix/store"}) tree.add({root + folder, folder});
  std::erase_if(mounts, [&](const Mount& mount) {
    return mount.kind == MountKind::symlink && is_certificate_path(mount.target) && !tree.find(mount.target);
  });
  for (const std::string_view path : kCertificatePaths)
    if (tree.find(path)) return std::string(path);
  return std::nullopt;
}

std::string hosts_bundle(const std::string& host) {
  for (const std::string_view place : kCertificatePaths) {
    std::error_code failed;
    const std::filesystem::path real = std::filesystem::canonical(host + std::string(place), failed);
    if (!failed) return real.string();
  }
  return {};
}

/// The host's certificates for a root that has none; then each path that programs try leads to the bundle.
void lay_certificates(std::vector<Mount>& mounts, std::optional<std::string> bundle,
                      const std::string& host) {
  const std::string hosts = bundle ? std::string() : hosts_bundle(host);
  for (const std::string_view path : kCertificatePaths) {
    if (!is_free(mounts, path)) continue;
    if (bundle)
      mounts.push_back({.kind = MountKind::symlink, .source = *bundle, .target = std::string(path)});
    else if (!hosts.empty())
      mounts.push_back(
          {.kind = MountKind::bind, .source = hosts, .target = *(bundle = path), .need = Need::wanted});
  }
}

bool is_same_folder(const std::string& one, const std::string& other) {
  struct stat first {
  }, second{};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

std::span<const MadeFile> made_files() { return kMadeFiles; }
std::span<const std::string_view> public_places() { return kPublicPlaces; }
std::span<const std::string_view> certificate_paths() { return kCertificatePaths; }

std::vector<Mount> etc_mounts(const RuntimeRoot& root, const std::string& host) {
  std::vector<Mount> mounts{{.kind = MountKind::folder, .target = "/etc"}};
  std::optional<std::string> bundle;
  const bool has_root = root.source == SystemSource::host || root.source == SystemSource::sysroot;
  if (has_root) {
    const std::string path = root.source == SystemSource::host ? host : root.path;
    const bool of_host = is_same_folder(path + "/etc", host + "/etc");
    EtcOfRoot etc(path, of_host ? EtcOfRoot::Kind::host : EtcOfRoot::Kind::sysroot);
    etc.take();
    for (Mount& mount : std::move(etc).mounts()) mounts.push_back(std::move(mount));
    bundle = visible_bundle(mounts, path);
  }
  lay_made_files(mounts, has_root);
  lay_time_zone(mounts);
  lay_certificates(mounts, std::move(bundle), host);
  return mounts;
}

}  // namespace lemu::qemu
