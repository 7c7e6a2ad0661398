#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT: OUT/{arm64,x86_64}/rust-stream/bootstrap, static. For this machine it takes cargo and the C compiler, for the
# other architecture rustup, which gets that one's standard library.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="$out/../rust-target"

build() {  # build ARCH TARGET
  cargo build --quiet --locked --release --target "$2"
  mkdir -p "$out/$1/rust-stream"
  cp "$CARGO_TARGET_DIR/$2/release/bootstrap" "$out/$1/rust-stream/bootstrap"
}

arch_of() { if [ "$1" = aarch64 ]; then echo arm64; else echo x86_64; fi; }

native=$(uname -m)
foreign=$([ "$native" = aarch64 ] && echo x86_64 || echo aarch64)
RUSTFLAGS="-C target-feature=+crt-static" build "$(arch_of "$native")" "$native-unknown-linux-gnu"
rustup target add "$foreign-unknown-linux-musl"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
build "$(arch_of "$foreign")" "$foreign-unknown-linux-musl"
