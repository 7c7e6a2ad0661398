// SPDX-License-Identifier: Apache-2.0
#include "emulator/environment/package_names.hpp"

#include <utility>

#include "images/entry.hpp"

namespace lemu::emulator {

qemu::ProgramNames PackageNames::of(std::string seen_as, const std::string& in_package) const {
  if (!in_zip()) return {std::move(seen_as)};
  return {std::move(seen_as), in_package + " in " + images::in_quotes(target_), in_package};
}

Error PackageNames::explain(Error error) const {
  if (in_zip() && !error.remedy.empty()) error.remedy += "; then make the zip again";
  return error;
}

}  // namespace lemu::emulator
