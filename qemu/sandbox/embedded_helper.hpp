// SPDX-License-Identifier: Apache-2.0
// EmbeddedHelper: the lemu-sandbox that lemu itself carries, for where lemu was copied alone, as into a
// container image: a program in memory (memfd_create(2)). Lives as long as helpers are to be started from it;
// any thread.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace lemu::sandbox {

class EmbeddedHelper {
 public:
  static Result<EmbeddedHelper> make();
  /// A path by which this process, and one that it has spawned, can execute it.
  [[nodiscard]] std::string path() const;

 private:
  explicit EmbeddedHelper(Fd program) : program_(std::move(program)) {}
  Fd program_;
};

}  // namespace lemu::sandbox
