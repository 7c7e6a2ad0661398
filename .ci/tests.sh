# SPDX-License-Identifier: Apache-2.0
# `./dev test`: what the tests need, and how each run of them is made, limited and counted. Sourced by ./dev.

readonly CI_MUST_RUN=userns,binfmt,poor-hosts,ptrace,cross-cc,qemu-aarch64,qemu-aarch64-dynamic,busybox-arm64,cross-sysroot,go,rust,cpp-official,python-ric,nodejs-ric,boto3,awscli-2,js-sdk,go-sdk,jest

# By one call of apt-get, and before anything is fetched or built by programs of these.
need_test_packages() {
  local packages=("${BUILD_PACKAGES[@]}" "$(boost_package)" "${FUNCTION_PACKAGES[@]}" "$(cross_packages)" python3 python3-pytest
    python3-pytest-xdist python3-pip)
  case "$(distribution)" in
    "debian 12"* | "ubuntu 24.04"*) packages+=(qemu-user) ;;  # the dynamically linked QEMU; later ones are static
  esac
  need_packages "${packages[@]}"
  (need_packages awscli) || say "no AWS CLI from this distribution"
}

# A private arm64 userland in build/tools for what the tests run; each absence is a capability named by a skip.
fetch_test_tools() {
  need_qemu || say "QEMU could not be fetched"
  examples/shell/build.sh build/examples/shell >&2 || say "no static busybox of both architectures from this distribution"
  [[ -x build/tools/python-arm64/usr/bin/python3 ]] ||
    fetch_packages "$REPO/build/tools/python-arm64" arm64 python3 libstdc++6 || say "no arm64 python3 from this distribution"
  # The host's functions run on its own python3.
  need_awslambdaric "$(uname -m | sed s/aarch64/arm64/)" "$(readlink -f /usr/bin/python3)" && need_awslambdaric arm64 \
    "$(echo build/tools/python-arm64/usr/bin/python3.[0-9]*)" || say "no awslambdaric from PyPI"
  need_boto3 || say "no boto3 from PyPI"
  need_js_sdk || say "no SDK for JavaScript: it needs node and npm"
  need_jest || say "no Jest: it needs node and npm"
  need_go_sdk || say "no SDK for Go: it needs go"
  { need_nodejs_ric && need_lambda_cpps; } ||
    say "no runtime clients for Node.js and C++: they need npm and compilers for both architectures"
}

need_test_tools() {
  need_test_packages
  fetch_test_tools
}

# ---- tests: a step that fails ends the run and is named; the tally is printed whatever happens.

# Seconds: for one unit test program, for one run of tests, for all of it. tests/e2e/limits.py has that of one test.
readonly UNIT_LIMIT=300 RUN_LIMIT=3600 LIMIT=7200
STEP=start  # what the run is at
RESULTS=()  # JUnit files; the tally counts one that is missing as a failure
BAD=0       # whether tests failed

# What a change of compiler, libraries or QEMU is likely to break, in about a minute.
readonly SHORT=(tests/e2e/test_{acceptance,cli,doctor,guarantees,real_parts,report,rie,runtime_api,sandbox,streaming}.py)

step() { STEP=$*; say "$STEP"; }

# result FILE: one that the coming step must make.
result() {
  RESULTS+=("$1")
  mkdir -p build
  rm -f "$1"
}

finish_tests() {
  local status=$1
  ((status == 0)) || say "failed: $STEP"
  /usr/bin/python3 tests/tally.py "$status" "$STEP" "${RESULTS[@]}" || exit 1
}

test_unit() {
  local preset=${1:-release} limit=${LEMU_TEST_LIMIT:-$UNIT_LIMIT}
  tests/limit "${LEMU_RUN_LIMIT:-$RUN_LIMIT}" ctest --test-dir "build/$preset" -j "$(nproc)" --timeout "$limit" --output-on-failure \
    --output-junit "$REPO/build/unit-$preset.xml" --test-output-size-passed 4000000 --test-output-size-failed 4000000 |
    tail -n 60
}

# The files that ARGS name, as tests/e2e/FILE or tests/e2e/FILE::TEST; all where they name none.
e2e_files() {
  local word
  for word in "$@"; do
    [[ $word != tests/e2e/* || ! -e ${word%%::*} ]] || return 0
  done
  echo tests/e2e
}

# test_e2e RUN ARGS…: one run of the end-to-end tests; RUN is whose and how, and names its results.
test_e2e() {
  local run=$1 result=build/e2e-$1.xml files
  shift
  mapfile -t files < <(e2e_files "$@")
  set -- "${files[@]}" "$@"
  if [[ $run == as-user ]]; then
    tests/limit "${LEMU_RUN_LIMIT:-$RUN_LIMIT}" tests/as_user "$result" "$@"
  else
    tests/limit "${LEMU_RUN_LIMIT:-$RUN_LIMIT}" /usr/bin/python3 -m pytest -p no:cacheprovider --junitxml "$result" \
      -o junit_family=xunit2 "$@"
  fi
}

test_functions() {
  step "test functions for both architectures"
  tests/functions/build.sh build/functions >&2
  tests/functions/go-stream/build.sh build/functions >&2 || say "not built: it needs go"
  tests/functions/rust-stream/build.sh build/functions >&2 || say "not built: it needs cargo and rustup"
  tests/functions/cpp-official/build.sh build/functions build/tools >&2 || say "not built: it needs AWS's runtime for C++"
  tests/functions/node-stream/build.sh build/functions build/tools >&2 || say "not built: it needs AWS's client for Node.js"
}

run_unit() {
  step "build of the unit tests ($1)"
  build "$1"
  step "unit tests ($1)"
  result "build/unit-$1.xml"
  test_unit "$1"
}

# One run of the end-to-end tests, on lemu as it is built.
run_e2e() {
  local run=plain
  if [[ ${1:-} == --as-user ]]; then run=as-user; shift; fi
  step "build"
  build release
  test_functions
  step "end-to-end tests ($run)"
  result "build/e2e-$run.xml"
  test_e2e "$run" "$@"
}

# For pytest: several tests at a time, two for each processor, as a test waits half of its time.
at_a_time() {
  if /usr/bin/python3 -c 'import xdist' 2>/dev/null; then echo "-n$((2 * $(nproc)))"; fi
}

# By this user; then, by direct QEMU, those that leave it to lemu how to start a function; and where this is root, all
# by an ordinary user of their own.
run_all_e2e() {
  local names=build/left-to-lemu.txt many
  test_functions
  many=$(at_a_time)
  step "end-to-end tests"
  result build/e2e-plain.xml
  rm -f "$names"
  test_e2e plain $many --write-left-to-lemu "$names" || BAD=1
  [[ -s $names ]] || die "no end-to-end test ran to its end"
  step "end-to-end tests (by direct QEMU)"
  result build/e2e-direct.xml
  test_e2e direct $many --launch direct --only-from "$names" || BAD=1
  if ((EUID != 0)); then
    say "no run by an ordinary user of its own: this is one"
    return
  fi
  step "end-to-end tests (by an ordinary user)"
  result build/e2e-as-user.xml
  test_e2e as-user $many || BAD=1
}

# ---- a freshly made Debian 13: a newer compiler, Boost and QEMU, and none of what a developer's machine has.

readonly FRESH=debian-13 FRESH_LOG=build/fresh-root.log
readonly FRESH_MUST_RUN=userns,binfmt,poor-hosts,ptrace,cross-cc,qemu-aarch64,busybox-arm64,cross-sysroot,python-ric,boto3,awscli-2

# Making it and building in it takes only what the other steps leave of the processors.
prepare_fresh() {
  chrt --idle 0 tests/hosts/fresh_root "$FRESH" -- ./dev test prepare
}

run_fresh() {
  local status=0 results=/tmp/results  # the home of the root's root is for root alone
  result build/fresh-unit.xml
  result build/fresh-e2e.xml
  LEMU_MUST_RUN=$FRESH_MUST_RUN tests/hosts/fresh_root --again --offline "$FRESH" -- sh -c "./dev test short; status=\$?
    mkdir -p $results && cp build/*.xml $results; exit \$status" >>"$FRESH_LOG" 2>&1 || status=$?
  cp "build/fresh/$FRESH$results/unit-release.xml" build/fresh-unit.xml || true
  cp "build/fresh/$FRESH$results/e2e-plain.xml" build/fresh-e2e.xml || true
  ((status == 0)) || tail -n 100 "$FRESH_LOG"
  return "$status"
}

# The fresh root takes half as much processor time again as all other steps: on fewer processors CI would be too slow.
readonly FRESH_PROCESSORS=4
ci_must_run() {
  if (($(nproc) < FRESH_PROCESSORS)); then echo "$CI_MUST_RUN"; else echo "fresh-root,$CI_MUST_RUN"; fi
}

must_run() { [[ ,${LEMU_MUST_RUN:-}, == *,$1,* ]]; }

run_everything() {
  local tools fresh=""
  step "what the tests need"
  need_test_packages
  if must_run fresh-root; then
    need_packages mmdebstrap
    prepare_fresh >"$FRESH_LOG" 2>&1 &
    fresh=$!
  fi
  fetch_test_tools >build/tools.log 2>&1 &  # waits for servers much of the time
  tools=$!
  run_unit release
  step "what the tests need"
  wait "$tools" || { cat build/tools.log; return 1; }
  cat build/tools.log
  need_qemu || say "QEMU could not be fetched"  # here too: it sets PATH
  run_all_e2e
  if [[ $fresh ]]; then
    step "a freshly made $FRESH"
    wait "$fresh" || { tail -n 100 "$FRESH_LOG"; return 1; }
    run_fresh || BAD=1
  else
    skipped fresh-root "LEMU_MUST_RUN does not name it; ./dev test fresh runs it"
  fi
  STEP="tests"
  return "$BAD"
}

# skipped NAME WHY: is counted, and named.
skipped() {
  result "build/$1.xml"
  say "skipped: $1: $2"
  printf '<testsuite><testcase classname="dev" name="%s"><skipped message="%s"/></testcase></testsuite>\n' "$1" "$2" >"build/$1.xml"
}

run_tests() {
  local what=${1:-all}
  (($#)) && shift
  if [[ ${CI:-} == true ]]; then export LEMU_MUST_RUN=${LEMU_MUST_RUN-$(ci_must_run)}; fi
  need_packages python3
  # Whatever this starts ends with it.
  [[ ${LEMU_LIMITED:-} ]] || LEMU_LIMITED=1 exec tests/limit "${LEMU_LIMIT:-$LIMIT}" "$REPO/dev" test "$what" "$@"
  unset LEMU_LIMITED
  trap 'finish_tests $?' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  mkdir -p build
  case "$what" in
    unit) run_unit "${1:-release}" ;;
    e2e)
      step "what the tests need"
      need_test_tools
      run_e2e "$@" ;;
    prepare)
      step "what the tests need"
      need_test_tools
      step "build"
      build release
      test_functions ;;
    short)
      step "what the tests need"
      need_test_tools
      run_unit release
      run_e2e "${SHORT[@]}" $(at_a_time) "$@" ;;
    fresh)
      step "a freshly made $FRESH"
      need_packages mmdebstrap
      prepare_fresh
      run_fresh ;;
    all) run_everything ;;
    *) die "test what? unit, e2e, short, fresh, prepare or nothing for everything (not '$what')" ;;
  esac
}
