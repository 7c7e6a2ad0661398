#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh [OUT]: OUT/arm64/bootstrap and OUT/x86_64/bootstrap, static, so that they run on any Lambda runtime.
set -eu
here=$(dirname "$0")
out=${1:-$here/build}
for arch in arm64 x86_64; do
  triple=$([ $arch = arm64 ] && echo aarch64-linux-gnu || echo x86_64-linux-gnu)
  mkdir -p "$out/$arch"
  "$triple-g++" -std=c++20 -O2 -Wall -Wextra -static -s -o "$out/$arch/bootstrap" "$here/bootstrap.cpp"
  echo "$out/$arch/bootstrap"
done
