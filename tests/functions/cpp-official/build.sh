#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT TOOLS: OUT/{arm64,x86_64}/cpp-official/bootstrap, with TOOLS/lambda-cpp-ARCH (need_lambda_cpp).
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
tools=$(cd "$2" && pwd)
cd "$(dirname "$0")"
for arch in arm64 x86_64; do
  machine=$([ $arch = arm64 ] && echo aarch64 || echo x86_64)
  client=$tools/lambda-cpp-$arch
  mkdir -p "$out/$arch/cpp-official"
  "$machine-linux-gnu-g++" -std=c++17 -O2 -Wall -Wextra -Werror -s -static -o "$out/$arch/cpp-official/bootstrap" \
    -isystem "$client/include" main.cpp "$client/lib/libaws-lambda-runtime.a" "$client/lib/libcurl.a" -pthread
done
