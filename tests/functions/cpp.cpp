// SPDX-License-Identifier: Apache-2.0
// A C++ bootstrap whose answer depends on nothing but its event and configuration, so that builds for two
// architectures can be compared byte for byte: exceptions, threads, streams and 64-bit arithmetic.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../examples/cpp/runtime_api.hpp"

namespace {

std::uint64_t fnv1a(const std::string& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

std::string thrown(int depth) {
  try {
    if (depth == 0) throw std::out_of_range("bottom");
    return thrown(depth - 1);
  } catch (const std::out_of_range& error) {
    if (depth < 3) throw;
    return error.what();
  }
}

std::string answer(const std::string& event) {
  std::vector<std::future<double>> parts;
  for (int part = 1; part <= 4; ++part) {
    parts.push_back(std::async(std::launch::async, [part] { return std::sqrt(part) / 3.0; }));
  }
  double sum = 0;
  for (std::future<double>& part : parts) sum += part.get();
  std::map<char, int> letters;
  for (const char letter : event) ++letters[letter];

  std::ostringstream out;
  out << "{\"handler\":\"" << std::getenv("_HANDLER") << "\",\"hash\":\"" << std::hex << fnv1a(event)
      << std::dec << "\",\"letters\":" << letters.size() << ",\"sum\":" << std::setprecision(17) << sum
      << ",\"thrown\":\"" << thrown(5) << "\"}";
  return out.str();
}

}  // namespace

int main() {
  std::cout << "init of " << std::getenv("AWS_LAMBDA_FUNCTION_NAME") << std::endl;
  RuntimeApi api;
  for (;;) {
    const Reply event = api.next();
    std::cout << "event of " << event.body.size() << " bytes" << std::endl;
    std::cerr << "a line on stderr" << std::endl;
    api.respond(event.header("Lambda-Runtime-Aws-Request-Id"), answer(event.body));
  }
}
