// SPDX-License-Identifier: Apache-2.0
// A Lambda function in C++ with nothing but the standard library: {"name": "Ada"} gets a greeting.
#include <sys/utsname.h>

#include <iostream>

#include "runtime_api.hpp"

namespace {

/// The string field `name` of a flat JSON object. A real function would use a JSON library here.
std::string string_field(const std::string& json, const std::string& name) {
  size_t at = json.find('"' + name + '"');
  if (at == std::string::npos) throw std::invalid_argument("the event has no \\\"" + name + "\\\"");
  at = json.find('"', json.find(':', at));
  return json.substr(at + 1, json.find('"', at + 1) - at - 1);
}

std::string handle(const std::string& event, int invocation) {
  utsname machine{};
  uname(&machine);
  const std::string name = string_field(event, "name");
  std::cerr << "greeting " << name << std::endl;
  return "{\"message\":\"Hello, " + name + "!\",\"machine\":\"" + machine.machine +
         "\",\"invocation\":" + std::to_string(invocation) + "}";
}

}  // namespace

int main() {
  try {
    RuntimeApi api;
    for (int invocation = 1;; ++invocation) {
      const Reply event = api.next();
      const std::string id = event.header("Lambda-Runtime-Aws-Request-Id");
      try {
        api.respond(id, handle(event.body, invocation));
      } catch (const std::invalid_argument& error) {
        api.fail(id, std::string("{\"errorMessage\":\"") + error.what() + "\",\"errorType\":\"BadEvent\"}");
      }
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
