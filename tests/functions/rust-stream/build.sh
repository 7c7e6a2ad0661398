#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: OUT/{arm64,x86_64}/rust-stream/bootstrap, static. Needs rustup, for the two targets; nothing else links.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="$out/../rust-target"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
for arch in arm64 x86_64; do
  target=$([ $arch = arm64 ] && echo aarch64 || echo x86_64)-unknown-linux-musl
  rustup target add "$target"
  cargo build --quiet --locked --release --target "$target"
  mkdir -p "$out/$arch/rust-stream"
  cp "$CARGO_TARGET_DIR/$target/release/bootstrap" "$out/$arch/rust-stream/bootstrap"
done
