#!/bin/sh
# Remakes the lock files: names, versions and hashes, good for Python 3.11 to 3.13.
#
# Needs uv (any recent one). Run it when dependencies change or to take in newer
# versions. Nothing of this machine's settings for package indexes counts, and
# nothing of an index is written down.
set -eu
cd "$(dirname "$0")/.."

uv=${UV:-$(command -v uv || echo .venv/bin/uv)}
[ -x "$uv" ] || { echo "lock: uv is missing: .venv/bin/python -m pip install uv" >&2; exit 1; }

compile() {
    env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
        "$uv" pip compile --no-config --quiet --universal --upgrade --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@"
}

compile --python-version 3.11 pyproject.toml --group build --extra coordinator --extra notices \
    -o requirements.txt
compile --python-version 3.11 pyproject.toml --group dev --extra coordinator --extra notices \
    -c requirements.txt -o requirements-dev.txt
# The versions on a Colab VM stand in the .in file; only what they need in turn is chosen here.
compile --python-version 3.12 tests/colab/requirements.in -o tests/colab/requirements.txt

if grep -nE '://|file:|@ ' requirements.txt requirements-dev.txt tests/colab/requirements.txt; then
    echo "lock: an address got into a lock file" >&2
    exit 1
fi
