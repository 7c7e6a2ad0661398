#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: OUT/poor_host and OUT/clock_host, the launchers that make this machine another one for one command.
set -eu
mkdir -p "$1"
for name in poor_host clock_host; do
  source=$(dirname "$0")/$name.c
  [ -x "$1/$name" ] && [ -z "$(find "$source" -newer "$1/$name")" ] && continue
  cc -std=gnu17 -O2 -Wall -Wextra -Werror -static -s -o "$1/$name.new" "$source"
  mv "$1/$name.new" "$1/$name"
done
