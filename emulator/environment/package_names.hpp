// SPDX-License-Identifier: Apache-2.0
// PackageNames: what messages call the programs of a package. A zip is unpacked to a folder that is gone when
// its message is read, so what is in it is named by its place in the zip. A plain value.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"
#include "qemu/inspect.hpp"

namespace lemu::emulator {

class PackageNames {
 public:
  enum class Packed { as_files, in_zip };
  PackageNames(std::string target, Packed packed) : target_(std::move(target)), packed_(packed) {}

  [[nodiscard]] bool in_zip() const { return packed_ == Packed::in_zip; }
  /// `seen_as` is the program's path in the sandbox, `in_package` its path in the package.
  [[nodiscard]] qemu::ProgramNames of(std::string seen_as, const std::string& in_package) const;
  /// The same error; a remedy for a file of a zip includes making the zip again.
  [[nodiscard]] Error explain(Error error) const;

 private:
  std::string target_;
  Packed packed_;
};

}  // namespace lemu::emulator
