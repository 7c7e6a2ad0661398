#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: the test functions, each as OUT/{arm64,x86_64}/NAME/bootstrap. Rebuilds only what is older than the
# sources. Without a cross compiler only this machine's architecture is built; the tests name what they then skip.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
../hosts/build.sh "$out/../hosts"  # not a function, and always needed with them
probe=$(echo probe*.c)
flags="-O2 -Wall -Wextra -Werror -Wno-unused-function -s -pthread"

fresh() {  # fresh FILE: is it newer than every source here?
  [ -x "$1" ] && [ -z "$(find . -type f -newer "$1")" ]
}

make_one() {  # make_one NAME COMPILER ARGS…
  name=$1
  shift
  target=$out/$arch/$name/bootstrap
  fresh "$target" && return 0
  mkdir -p "$out/$arch/$name"
  echo "  $arch/$name"
  "$@" -o "$target.new"
  mv "$target.new" "$target"
}

for arch in arm64 x86_64; do
  triple=$([ $arch = arm64 ] && echo aarch64-linux-gnu || echo x86_64-linux-gnu)
  if ! command -v "$triple-g++" >/dev/null; then
    echo "  $arch: no $triple-g++, not built"
    continue
  fi
  make_one probe "$triple-gcc" -std=gnu17 $flags -static $probe
  make_one probe-dynamic "$triple-gcc" -std=gnu17 $flags -DPROBE_DYNAMIC $probe
  make_one cpp "$triple-g++" -std=c++20 $flags -static cpp.cpp
  make_one cpp-dynamic "$triple-g++" -std=c++20 $flags cpp.cpp
done
