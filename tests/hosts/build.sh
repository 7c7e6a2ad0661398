#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: OUT/poor_host, the launcher that makes this machine a poorer one for one command.
set -eu
source=$(dirname "$0")/poor_host.c
mkdir -p "$1"
[ -x "$1/poor_host" ] && [ -z "$(find "$source" -newer "$1/poor_host")" ] && exit 0
cc -std=gnu17 -O2 -Wall -Wextra -Werror -static -s -o "$1/poor_host.new" "$source"
mv "$1/poor_host.new" "$1/poor_host"
