// SPDX-License-Identifier: Apache-2.0
// write_docs FOLDER: puts the code's tables into the pages of docs/. `./dev docs` runs it.
#include <cstdio>

#include "base/syscall.hpp"
#include "tests/docs/generated.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_docs FOLDER\n");
    return 2;
  }
  for (const lemu::docs::GeneratedPart& part : lemu::docs::generated_parts()) {
    const std::string path = std::string(argv[1]) + "/" + part.page;
    const lemu::Result<std::string> page = lemu::read_file(path, 1 << 20);
    const std::string wanted = page ? lemu::docs::with_part(*page, part) : std::string();
    if (wanted.empty() || !lemu::write_file(path, wanted)) {
      std::fprintf(stderr, "write_docs: %s: no place for '%s', or not written\n", path.c_str(),
                   part.name.c_str());
      return 1;
    }
  }
  return 0;
}
