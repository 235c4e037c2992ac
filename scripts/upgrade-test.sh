#!/usr/bin/env bash
# Upgrades a cluster of the last version's build to this one, node by node and under load. The last version is built
# once, into .build-last, from its commit. Where the history lacks that commit, the frames and stores that are kept of
# older versions (Tests/DecreeWireTests, Tests/DecreeStoreTests) are all that is tried.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The last version: to be moved on when a version is released.
last=e4bcf5a269abebb0b309ac3b26b1f172127b13d7

commit=$(git rev-parse --quiet --verify "$last^{commit}" || true)
if [[ -z $commit ]]; then
    printf '\n!! upgrade-test: the history has no commit %s: no cluster of the last version is tried.\n' "$last" >&2
    printf '!! Fetch it (git fetch --unshallow), or this build may not be able to take its nodes'"'"' place.\n\n' >&2
    swift test --skip-build --filter 'VersionTests|StoreMigrationTests'
    exit
fi
executable=$PWD/.build-last/$commit/build/release/decree
if [[ ! -x $executable ]]; then
    rm -rf .build-last
    mkdir -p ".build-last/$commit/source"
    git archive "$commit" | tar -x -C ".build-last/$commit/source"
    env -u DECREE_WARNINGS_AS_ERRORS swift build --package-path ".build-last/$commit/source" \
        --scratch-path ".build-last/$commit/build" -c release --product decree
fi
DECREE_LAST_EXECUTABLE=$executable SWIFT_BACKTRACE=enable=no swift test --skip-build --filter UpgradeTests
