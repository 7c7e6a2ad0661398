// SPDX-License-Identifier: Apache-2.0
// FunctionReference: how a caller of the Lambda API names a function: by its name, a partial ARN or an ARN,
// each with or without a qualifier. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "emulator/api/api_error.hpp"

namespace lemu::emulator {

struct FunctionReference {
  std::string name;
  std::string qualifier = {};  ///< empty when none was given
  std::string region = {};     ///< of a full ARN
  std::string account = {};    ///< of an ARN, a partial one too
};

/// `in_path` as it stands in the request's path, still encoded; `in_query` is the decoded Qualifier
/// parameter. An error in AWS's words for what cannot be a function's name, or for two qualifiers that
/// differ.
[[nodiscard]] tl::expected<FunctionReference, ApiError> parse_function_reference(std::string_view in_path,
                                                                                 std::string_view in_query);

}  // namespace lemu::emulator
