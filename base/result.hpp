// SPDX-License-Identifier: Apache-2.0
// Result and Error: how every room of lemu reports what the outside world did to it.
// Exceptions are for bugs; a Result is for a missing file, a refused system call, a malformed package.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/printable.hpp"

namespace lemu {

/// What an error means to the person or program that asked. `exit_code.hpp` of the command line maps each to
/// the documented exit code; servers map each to a status.
enum class ErrorKind {
  bad_usage,           ///< the command line or an option's value is wrong
  bad_input,           ///< a package, an event or another file from the user is wrong
  invalid_entrypoint,  ///< Lambda's own Runtime.InvalidEntrypoint: no bootstrap, or one that cannot be
                       ///< executed
  host_lacks,          ///< this host cannot do it (no QEMU, namespaces refused)
  internal,            ///< lemu itself failed
};

/// One failure: what happened (names the thing and the reason), and what to do about it.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;           ///< "cannot open /x/bootstrap: Permission denied"
  std::string remedy = {};       ///< "chmod +x /x/bootstrap"; empty when none is known
  int os_error = 0;              ///< errno, where an operating system call was the reason; 0 otherwise
  std::string aws_message = {};  ///< for invalid_entrypoint: the text Lambda itself would use after "Error: "
  std::string_view slug = {};    ///< its name in docs/errors.md

  /// The same error, with what was being attempted, made printable, put in front of its message.
  [[nodiscard]] Error within(std::string_view attempt) && {
    message = printable(attempt) + ": " + message;
    return std::move(*this);
  }
};

/// A value, or the Error that kept it from being made.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

/// Passes an error on, as LEMU_TRY does. A new one is made of its row's words: base/error_row.hpp.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// Likewise, out of a result.
template <class T>
[[nodiscard]] tl::unexpected<Error> fail_with_error_of(tl::expected<T, Error>& result) {
  return fail(std::move(result.error()));
}
template <class T>
[[nodiscard]] tl::unexpected<Error> fail_with_error_of(const tl::expected<T, Error>& result) {
  return fail(Error(result.error()));
}

}  // namespace lemu

/// Returns the error of a Result or Status from the function around, if it has one.
#define LEMU_TRY(...)                                                                                  \
  do {                                                                                                 \
    if (auto&& lemu_tried = (__VA_ARGS__); !lemu_tried) return ::lemu::fail_with_error_of(lemu_tried); \
  } while (false)

/// The same in a coroutine.
#define LEMU_CO_TRY(...)                                                                                  \
  do {                                                                                                    \
    if (auto&& lemu_tried = (__VA_ARGS__); !lemu_tried) co_return ::lemu::fail_with_error_of(lemu_tried); \
  } while (false)
