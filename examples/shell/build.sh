#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh [OUT]: OUT/arm64 and OUT/x86_64, each the script and the static busybox it runs on, from the distribution's
# busybox-static package of that architecture (unpacked, not installed).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
REPO=$(readlink -f "$here/../..")
. "$REPO/.ci/packages.sh"
out=${1:-$here/build}
for arch in arm64 x86_64; do
  package=$REPO/build/tools/busybox-$arch
  [[ -d $package ]] || fetch_packages "$package" "${arch/x86_64/amd64}" busybox-static
  mkdir -p "$out/$arch"
  install "$(find "$package" -path '*bin/busybox' -type f)" "$out/$arch/busybox"
  install "$here/bootstrap" "$out/$arch/bootstrap"
  echo "$out/$arch/bootstrap"
done
