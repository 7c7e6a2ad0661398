#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: OUT/{arm64,x86_64}/go-stream/bootstrap.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
for arch in arm64 x86_64; do
  goarch=$([ $arch = arm64 ] && echo arm64 || echo amd64)
  GOOS=linux GOARCH=$goarch CGO_ENABLED=0 go build -tags lambda.norpc -trimpath -buildvcs=false -ldflags '-s -w' \
    -o "$out/$arch/go-stream/bootstrap" .
done
