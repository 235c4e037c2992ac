#!/usr/bin/env bash
# Checks what a build needs, Swift 6.2 or later and SQLite's headers, and installs the headers where it may:
# on Debian and Ubuntu, as root or with a sudo that does not ask. With --tests, strace too. Quiet when nothing
# is missing.
set -euo pipefail

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

check_swift() {
    command -v swift >/dev/null || fail \
        "Swift is missing. Install Swift 6.2 or later: https://www.swift.org/install" \
        "If it is installed, put its usr/bin directory on PATH."
    local version major minor
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    [[ -n $version ]] || fail "'swift --version' names no version; is $(command -v swift) a Swift toolchain?"
    major=${version%%.*}
    minor=$(cut -s -d. -f2 <<<"$version")
    if ((major < 6 || (major == 6 && ${minor:-0} < 2))); then
        fail "Swift $version is too old: Swift 6.2 or later is needed." \
            "Install a newer one: https://www.swift.org/install"
    fi
}

# macOS has SQLite in its SDK.
has_sqlite() {
    [[ $(uname -s) == Darwin ]] || { command -v pkg-config >/dev/null && pkg-config --exists sqlite3; }
}

# Prints the command that makes one root: nothing, sudo, or fails.
root_prefix() {
    if [[ $(id -u) == 0 ]]; then
        return 0
    fi
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && echo sudo
}

# Installs Debian packages, or says how to come by what is missing.
install() {
    local missing=$1 packages=$2 elsewhere=$3 prefix
    command -v apt-get >/dev/null || fail \
        "$missing" "Install it with your system's package manager ($elsewhere), then try again."
    prefix=$(root_prefix) || fail \
        "$missing" "Installing it takes root. Run this, then try again:" \
        "    sudo apt-get update && sudo apt-get install $packages"
    echo "setup: installing $packages"
    # shellcheck disable=SC2086 # a list of words; the prefix may be none
    $prefix apt-get update -q || echo "setup: apt-get update failed; trying with the lists that are here" >&2
    # shellcheck disable=SC2086
    $prefix env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $packages || fail \
        "apt-get could not install $packages (its message is above). Is there a network?" \
        "Install them in another way, then try again."
}

check_swift
has_sqlite || install \
    "SQLite's headers are missing, or pkg-config does not find them." "libsqlite3-dev pkg-config" \
    "Fedora: dnf install sqlite-devel pkgconf; Alpine: apk add sqlite-dev pkgconf"
has_sqlite || fail "SQLite's headers are installed, but 'pkg-config --exists sqlite3' still says no."
# One test traces a node's system calls.
if [[ ${1:-} == --tests && $(uname -s) == Linux ]]; then
    command -v strace >/dev/null || install \
        "strace is missing, which the tests trace a node with." "strace" "Fedora: dnf install strace"
fi
