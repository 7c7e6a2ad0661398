// SPDX-License-Identifier: Apache-2.0
// What a runtime says about an error, brought into the form Lambda keeps: the error type, the body and the
// X-Ray cause. Pure. The rules are those of aws-lambda-rie (fatalerror, rapi/handler, rapi/model).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lemu::rapi {

/// An X-Ray cause over this is cropped.
inline constexpr std::size_t kMaxErrorCause = std::size_t{64} << 10;
inline constexpr std::string_view kErrorCauseContentType = "application/vnd.aws.lambda.error.cause+json";

/// The value of Lambda-Runtime-Function-Error-Type as reports show it: itself where it holds a word like
/// Runtime.X or Function.X and nothing but letters, digits, blanks, '.', '_' and '-', else Function.Unknown
/// or Runtime.Unknown. Never used in a payload.
[[nodiscard]] std::string sanitised_error_type(std::string_view header);

/// The X-Ray cause, checked and cropped to kMaxErrorCause; empty when it is no cause.
[[nodiscard]] std::string checked_error_cause(std::string_view json);

struct ErrorBody {
  std::string body;
  std::string content_type;
  std::string xray_cause;
};
/// Takes the errorCause out of a body of kErrorCauseContentType. A body that cannot be read becomes the JSON
/// string "Invalid error body".
[[nodiscard]] ErrorBody split_error_cause(std::string_view body);

}  // namespace lemu::rapi
