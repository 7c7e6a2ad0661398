// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include <cstring>

namespace lemu {

tl::unexpected<Error> fail_errno(int code, std::string_view attempt, ErrorKind kind, std::string remedy) {
  std::string message = std::string(attempt) + ": " + ::strerror(code);
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(remedy), code});
}

}  // namespace lemu
