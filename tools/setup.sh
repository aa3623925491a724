#!/bin/sh
# Makes .venv and keeps it in step with the lock files.
#
#   tools/setup.sh run    what the program needs
#   tools/setup.sh dev    and what tests and checks need besides
#
# Nothing is done, and nothing asked of the network, while the last set-up still
# fits. All it says goes to standard error: standard output is the program's.
set -eu

level=${1:?run or dev}
cd "$(dirname "$0")/.."
case $level in
run) lock=requirements.txt ;;
dev) lock=requirements-dev.txt ;;
*) echo "set-up: $level is neither run nor dev" >&2; exit 2 ;;
esac

fail() {
    echo "set-up: $*" >&2
    exit 1
}

fits() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
        >/dev/null 2>&1
}

version_of() {
    "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || fail "$PYTHON is no Python 3.11, 3.12 or 3.13 that can make a venv"
        echo "$PYTHON"
        return
    fi
    for found in python3 python3.11 python3.12 python3.13; do
        # Run, not only found: a version manager leaves names that lead nowhere.
        fits "$found" && echo "$found" && return
    done
    fail "no Python 3.11, 3.12 or 3.13 with venv was found. Install one (on Debian and Ubuntu:" \
        "apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3"
}

# What an installation depends on. The path too, for a venv can't be moved.
fingerprint() {
    { pwd; cat "$1" pyproject.toml sessionlib/__init__.py; } | cksum
}

is_ready() {
    [ -f ".venv/ready-$1" ] && [ "$(cat ".venv/ready-$1")" = "$(fingerprint "$2")" ]
}

is_wanted() {
    version=$(version_of .venv/bin/python) || return 1
    [ -z "${PYTHON:-}" ] || [ "$version" = "$(version_of "$PYTHON")" ]
}

# quietly COMMAND...: a dot a second while it runs, and all it said if it fails.
quietly() {
    "$@" >"$said" 2>&1 &
    running=$!
    while kill -0 "$running" 2>/dev/null; do
        printf . >&2
        sleep 1
    done
    if ! wait "$running"; then
        running=
        echo " failed: $*" >&2
        cat "$said" >&2
        exit 1
    fi
    running=
}

[ -z "${PYTHON:-}" ] || find_python >/dev/null
if is_wanted && is_ready "$level" "$lock"; then
    exit 0
fi

python=$(find_python)
said=$(mktemp)
running=
trap 'rm -f "$said"' EXIT
# What runs in the background doesn't get the terminal's Ctrl-C.
trap '[ -z "$running" ] || kill "$running"; exit 130' INT TERM

if ! is_wanted || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    printf 'Set-up: .venv with Python %s ' "$(version_of "$python")" >&2
    quietly "$python" -m venv --clear .venv
else
    printf 'Set-up: .venv ' >&2
fi
printf ' %s packages ' "$(grep -c == "$lock")" >&2
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
quietly .venv/bin/python -m pip install --require-hashes -r "$lock"
quietly .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
fingerprint "$lock" >".venv/ready-$level"
[ "$level" = run ] || fingerprint requirements.txt >.venv/ready-run
echo ' done' >&2
