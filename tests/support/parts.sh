# The parts of tests/run. Every part appends lines "PASS|FAIL|SKIP <tab> name <tab> reason" to files below $results,
# by itself or through count.py, which adds them up at the end.

jobs=${JOBS:-$(nproc)}
beside=(-n "$jobs" --dist loadfile)  # pytest-xdist: files that mostly wait, as many at a time as there are cores
results=$root/build/test-results
tidy_cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/aloha-tidy
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1  # clones in other folders share what was compiled
export PYTHONDONTWRITEBYTECODE=1
git=(git -c "safe.directory=*")

announce() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

# record OUTCOME NAME [REASON]
record() {
  printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$results/checks.tsv"
  echo "$1 $2${3:+: $3}"
}

# check NAME COMMAND...: one test that passes when the command does; shows its output when not.
check() {
  local name=$1 log="$results/${1//[ \/]/_}.log"
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    record PASS "$name"
  else
    local code=$?
    tail -n 60 "$log"
    record FAIL "$name" "exit code $code, see ${log#"$root"/}"
    return 1
  fi
}

prepare() {
  rm -rf "$results" && mkdir -p "$results" || exit 1
  announce install-deps
  check install-deps deploy/install-deps
}

# build PRESET: configures and builds once; a preset that did not build counts as one failure.
declare -A built=()
build() {
  local preset=$1
  if [ -z "${built[$preset]:-}" ]; then
    built[$preset]=no
    check "configure $preset" cmake --preset "$preset" &&
      check "build $preset" cmake --build --preset "$preset" -- -j"$jobs" && built[$preset]=yes
  fi
  [ "${built[$preset]}" = yes ]
}

# unit_tests PRESET [CTEST ARGUMENT...]
unit_tests() {
  local preset=$1 out=$results/unit-$1
  shift
  build "$preset" || return
  mkdir -p "$out"
  GTEST_OUTPUT=json:$out/ ctest --test-dir "build/$preset" -L unit -j"$jobs" --timeout 300 --output-on-failure \
    --output-junit "$out/ctest.xml" "$@" >"$out.log" 2>&1 </dev/null
  /usr/bin/python3 tests/support/count.py --ctest "$out" "$preset" || tail -n 200 "$out.log"
}

# python_tests PRESET PATH [OPTION...]: pytest with the binaries of a preset, or those in ALOHA_BIN; ended after PATIENCE
# seconds.
python_tests() {
  local preset=$1 name
  shift
  name=$preset-$(basename "$1" .py)
  if [ -z "${ALOHA_BIN:-}" ]; then
    build "$preset" || return
  fi
  ALOHA_BIN=${ALOHA_BIN:-$root/build/$preset/bin} timeout --signal=INT --kill-after=60 "${PATIENCE:-1500}" \
    /usr/bin/python3 -m pytest "$@" -q -ra -p no:cacheprovider --junitxml="$results/$name.xml" </dev/null
  /usr/bin/python3 tests/support/count.py --junit "$results/$name.xml" "$name" $?
}

# fuzz_targets SECONDS: every target over its seeds, as many at a time as there are cores.
fuzz_targets() {
  build fuzz || return
  local seconds=$1 target
  for target in build/fuzz/fuzz/*; do
    [ -x "$target" ] || continue
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    fuzz_one "$(basename "$target")" "$seconds" &
  done
  wait
}

# What a target finds new stays in build/fuzz-corpus; an input that breaks it is kept beside its log.
fuzz_one() {
  local target=$1 seconds=$2 new=build/fuzz-corpus/$1
  mkdir -p "$new"
  check "fuzz $target $seconds s" "build/fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$results/$target-" "$new" "tests/fuzz/corpus/$target"
}

part_format() {
  check "clang-format" bash -o pipefail -c \
    '"$@" ls-files -z "*.cc" "*.h" | xargs -0r clang-format-16 --dry-run -Werror' format "${git[@]}"
}

part_tidy() {
  build dev && check "clang-tidy" /usr/bin/python3 tests/support/tidy.py build/dev "$tidy_cache" "$jobs" \
    cli supervisor workers wui tests/farm tests/bench tests/unit tests/guest
}

part_unit() { unit_tests dev; }
part_integration() { python_tests dev tests/integration "${beside[@]}"; }
part_interop() { python_tests dev tests/interop "${beside[@]}"; }
part_e2e() {
  build dev && check "unit tests of the web interface" npm --prefix wui/app --silent test
  ALOHA_E2E_FAILURES=$results python_tests dev tests/e2e "${beside[@]}"
}
part_fuzz_smoke() { fuzz_targets 10; }

part_hygiene() {
  check "no source file over 400 lines" hygiene_length
  check "no path of the build machine" hygiene_paths
  check "reference of the configuration up to date" deploy/guide/generate-reference --check
  check "reference of the metrics up to date" deploy/guide/generate-metrics --check
  check "metrics that the monitoring examples name" /usr/bin/python3 tests/support/metric_names.py \
    deploy/monitoring/* deploy/guide/monitoring.md
  check "links of the user guide" deploy/guide/build-guide --check
  build dev || return
  check "reference of alohactl up to date" deploy/guide/generate-alohactl --check build/dev/bin/alohactl
  check "one TLS library per process" hygiene_tls
}

hygiene_length() {
  "${git[@]}" ls-files -z '*.cc' '*.h' '*.py' | xargs -0r wc -l | awk '$2 != "total" && $1 > 400 { print; bad = 1 } END { exit bad }'
}

# No file may name the folder that it happens to stand in.
hygiene_paths() {
  "${git[@]}" grep -nIF "$root/"
  [ $? -eq 1 ]  # 1: nothing found; more: it did not look
}

# OpenSSL and BoringSSL use the same names for different things.
hygiene_tls() {
  local binary libraries bad=0
  for binary in build/dev/bin/*; do
    libraries=$(ldd "$binary" 2>/dev/null | grep -oE '/[^ ]*/lib(ssl|crypto)\.so[^ ]*')
    if grep -q /android/ <<<"$libraries" && grep -qv /android/ <<<"$libraries"; then
      echo "$binary links both: $libraries"
      bad=1
    fi
  done
  return $bad
}

# Sanitizers slow everything down several times; workers that confine themselves cannot look for leaks.
part_slow() {
  export UBSAN_OPTIONS=print_stacktrace=1
  export ASAN_OPTIONS=detect_leaks=0
  unit_tests asan
  ALOHA_BIN='' PATIENCE=3600 python_tests asan tests/integration "${beside[@]}"
  thread_sanitizer
  part_tidy
  python_tests dev tests/guest
  check "build packages" deploy/build-packages && check "build the appliance" deploy/appliance/build-image &&
    PATIENCE=7200 python_tests dev tests/package
  fuzz_targets 600
  export ALOHA_SOAK_SECONDS=${ALOHA_SOAK_SECONDS:-1800}
  PATIENCE=$((ALOHA_SOAK_SECONDS + 1800)) python_tests dev tests/soak
}

# Of the proxy, whose threads share data: its parts, and the whole of it among the other processes.
thread_sanitizer() {
  export TSAN_OPTIONS="halt_on_error=1 ignore_noninstrumented_modules=1 suppressions=$root/tests/support/tsan.supp"
  unit_tests tsan -R 'proxy|net|http'
  local bin=$root/build/tsan-proxy
  rm -rf "$bin" && mkdir -p "$bin" && cp build/asan/bin/* "$bin" && cp build/tsan/bin/aloha-proxy "$bin" &&
    ALOHA_BIN=$bin python_tests tsan-proxy tests/integration/test_balance.py tests/integration/test_continuity.py \
      tests/integration/test_http_framing.py tests/integration/test_http_servers.py tests/integration/test_identity.py \
      tests/integration/test_tls_services.py tests/integration/test_tls_bridge.py "${beside[@]}"
}
