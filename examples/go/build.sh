#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh [OUT]: OUT/arm64/bootstrap and OUT/x86_64/bootstrap, as AWS recommends for provided.al2023.
set -eu
here=$(dirname "$0")
mkdir -p "${1:-$here/build}"
out=$(cd "${1:-$here/build}" && pwd)
cd "$here"
for arch in arm64 x86_64; do
  goarch=$([ $arch = arm64 ] && echo arm64 || echo amd64)
  GOOS=linux GOARCH=$goarch CGO_ENABLED=0 go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags '-s -w' \
    -o "$out/$arch/bootstrap" .
  echo "${1:-build}/$arch/bootstrap"
done
