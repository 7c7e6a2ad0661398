// SPDX-License-Identifier: Apache-2.0
// The file system that a function sees, as a table for docs/sandbox.md. Made of the tables that the mounts
// are made of; a test compares it with what a function really sees.
#pragma once

#include <string>

namespace lemu::qemu {

[[nodiscard]] std::string file_table();

}  // namespace lemu::qemu
