#!/usr/bin/env bash
# Shows that the test which traces a node's system calls can fail: builds a node that sends its votes without
# waiting for the disk, and runs the test against it. Succeeds if the test finds it out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive HEAD | tar -x -C "$work"

step="$work/Sources/Paxos/Step.swift"
sed -i 's/withheld\.append(envelope)/immediate.append(envelope)/' "$step"
grep -q 'immediate\.append(envelope)' "$step" && ! grep -q 'withheld\.append(envelope)' "$step" || {
    echo "prove-wait: Step.swift no longer withholds where this script removes it" >&2
    exit 1
}
echo "prove-wait: building a node that does not wait"
swift build --package-path "$work" --scratch-path "$work/.build" --product decree
swift build --build-tests
echo "prove-wait: tracing it"
if DECREE_EXECUTABLE="$work/.build/debug/decree" swift test --skip-build --filter PersistBeforeSend; then
    echo "prove-wait: the test did not notice" >&2
    exit 1
fi
echo "prove-wait: found out, as it should be"
