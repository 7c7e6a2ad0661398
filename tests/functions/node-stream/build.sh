#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT TOOLS: OUT/{arm64,x86_64}/node-stream, a package with a Node.js of its own and AWS's runtime client, whose
# native part is built here; from TOOLS/nodejs-ric and TOOLS/lambda-cpp-ARCH (need_nodejs_ric, need_lambda_cpp).
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
modules=$(cd "$2/nodejs-ric/node_modules" && pwd)
tools=$(cd "$2" && pwd)
cd "$(dirname "$0")"
for arch in arm64 x86_64; do
  machine=$([ $arch = arm64 ] && echo aarch64 || echo x86_64)
  node=$modules/node-linux-$([ $arch = arm64 ] && echo arm64 || echo x64)
  client=$tools/lambda-cpp-$arch
  into=$out/$arch/node-stream
  mkdir -p "$into/client"
  if [ ! "$into/client/rapid-client.node" -nt "$client/lib/libaws-lambda-runtime.a" ]; then
    "$machine-linux-gnu-g++" -std=c++17 -O2 -s -shared -fPIC -fvisibility=hidden -DNODE_GYP_MODULE_NAME=rapid_client \
      -isystem "$node/include/node" -isystem "$modules/node-addon-api" -isystem "$client/include" \
      -o "$into/client/rapid-client.node" "$modules/aws-lambda-ric/src/native/rapid-client.cc" \
      "$client/lib/libaws-lambda-runtime.a" "$client/lib/libcurl.a" -pthread
  fi
  cp "$modules/aws-lambda-ric/index.mjs" "$into/client/"
  cp -r "$modules/@aws" "$into/client/"
  cmp -s "$node/bin/node" "$into/node" || cp "$node/bin/node" "$into/node"
  cp bootstrap app.mjs "$into/"
done
