#!/usr/bin/env bash
# Fuzzes what takes bytes from outside (Fuzz/Targets) for SECONDS in all, and says what came of it. Inputs that
# reach new code are kept in .build/fuzz/corpus, one that shows a mistake in Fuzz/Regressions; it then exits with
# 1 and says how to see the mistake again.
#
#     scripts/fuzz.sh SECONDS [TARGET…]   fuzz, from Fuzz/Corpus and what was found before
#     scripts/fuzz.sh keep [TARGET…]      make Fuzz/Corpus the fewest inputs that reach all that was reached
#     scripts/fuzz.sh seeds [TARGET…]     begin a corpus: inputs made of real values
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'fuzz: %s\n' "$@" >&2
    exit 2
}

command=${1:?usage: scripts/fuzz.sh SECONDS|keep|seeds [TARGET…]}
shift
targets=("$@")
((${#targets[@]})) || targets=(wire wal configuration operations bank log)
for target in "${targets[@]}"; do
    [[ $target =~ ^(wire|wal|configuration|operations|bank|log)$ ]] || fail "there is no target $target"
done
[[ $command =~ ^([1-9][0-9]*|keep|seeds)$ ]] || fail "SECONDS is a whole number, not $command"

scratch=.build/fuzz
program=$scratch/release/Fuzz
# Swift's runtime keeps for good what it allocated once: no leaks.
export DECREE_FUZZ=1 SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0

# An Apple toolchain, and some builds for Linux, come without libFuzzer: say so before the long build.
check_fuzzer() {
    local probe
    probe=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$probe'" EXIT
    echo '@_cdecl("LLVMFuzzerTestOneInput") public func test(_ bytes: UnsafeRawPointer, _ count: Int) -> CInt { 0 }' \
        >"$probe/probe.swift"
    if ! swiftc -sanitize=fuzzer,address -parse-as-library "$probe/probe.swift" -o "$probe/probe" \
        >"$probe/log" 2>&1; then
        tail -n 3 "$probe/log" >&2
        fail "this Swift toolchain has no libFuzzer (its message is above); one from swift.org for Linux has." \
            "What fuzzing found before is replayed without it: swift test --filter FuzzTests"
    fi
}

build() {
    local log=$scratch/build.log
    mkdir -p "$scratch"
    echo "fuzz: building (the first time takes some minutes; the log is $log)"
    # The gold linker has a warning about every helper of the address sanitizer.
    if ! swift build -c release --scratch-path "$scratch" --product Fuzz >"$log" 2>&1; then
        grep -E 'error|warning: [^C]' "$log" | tail -n 20 >&2 || tail -n 20 "$log" >&2
        fail "the build failed; see $log"
    fi
}

# Arguments by target: how long an input may be, and the words it is made of.
arguments() {
    case $1 in
        wal) echo "-max_len=12288" ;;
        configuration | operations) echo "-max_len=1024 -dict=Fuzz/Dictionaries/$1.dict" ;;
        *) echo "-max_len=1024" ;;
    esac
}

count_files() { find "$1" -type f | wc -l; }

# Runs one target, and prints its line. Fails when a mistake was found.
fuzz() {
    local target=$1 seconds=$2 log=$scratch/$1.log kept=Fuzz/Corpus/$1 regressions=Fuzz/Regressions/$1
    local found=$scratch/corpus/$1 before status=0 executed coverage features crash
    mkdir -p "$found" "$kept" "$regressions"
    before=$(count_files "$found")
    # shellcheck disable=SC2046 # a list of words
    DECREE_FUZZ_TARGET=$target "$program" $(arguments "$target") -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=64 -print_final_stats=1 -reload=0 \
        -artifact_prefix="$regressions/" "$found" "$kept" >"$log" 2>&1 || status=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d ' ' -f 2) || true
    features=$(grep -o 'ft: [0-9]*' "$log" | tail -n 1 | cut -d ' ' -f 2) || true
    printf '%-14s %12s %7s %7s %7d %8d\n' "$target" "${executed:-0}" "${coverage:--}" "${features:--}" \
        $(($(count_files "$found") - before)) $((status != 0))
    rmdir "$regressions" 2>/dev/null || true
    ((status)) || return 0
    crash=$(sed -n "s/.*Test unit written to //p" "$log" | head -n 1)
    grep -m 3 -E 'Fatal error|ERROR: |panic' "$log" >&2 || tail -n 5 "$log" >&2
    printf 'fuzz: %s shows a mistake; see it again with\n    %s\n    %s\n' "${crash:-an input}" \
        "DECREE_FUZZ_TARGET=$target $program ${crash:-$kept}" \
        "swift test --filter FuzzTests" >&2
    return 1
}

keep() {
    local target=$1 found=$scratch/corpus/$1 kept=Fuzz/Corpus/$1 merged=$scratch/merged
    rm -rf "$merged"
    mkdir -p "$merged" "$found" "$kept"
    # shellcheck disable=SC2046 # a list of words
    DECREE_FUZZ_TARGET=$target "$program" -merge=1 $(arguments "$target") "$merged" "$kept" "$found" \
        >"$scratch/$target.log" 2>&1 || fail "merging $kept failed; see $scratch/$target.log"
    printf '%-14s %d inputs kept, of %d before and %d found\n' "$target" "$(count_files "$merged")" \
        "$(count_files "$kept")" "$(count_files "$found")"
    rm -rf "$kept" "$found"
    mv "$merged" "$kept"
}

check_fuzzer
build
case $command in
    keep) for target in "${targets[@]}"; do keep "$target"; done ;;
    seeds)
        for target in "${targets[@]}"; do
            DECREE_FUZZ_TARGET=$target "$program" seeds "Fuzz/Corpus/$target"
        done
        ;;
    *)
        each=$((command / ${#targets[@]}))
        ((each > 0)) || each=1
        echo "fuzz: $each s for each of ${#targets[@]} targets"
        printf '%-14s %12s %7s %7s %7s %8s\n' target executions cov ft new crashes
        failed=0
        for target in "${targets[@]}"; do fuzz "$target" "$each" || failed=1; done
        exit $failed
        ;;
esac
