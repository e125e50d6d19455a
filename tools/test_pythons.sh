#!/bin/sh
# Run the tests of what computes, and every notebook on the offline digits, with the Pythons of this machine that .venv
# was not made with. With 3.13 it leaves the notebooks out: Colab has that Python, and tests/hosted/test_colab.py runs
# each of them there.
#
#     tools/test_pythons.sh [OPTIONS OF PYTEST...]
#     tools/test_pythons.sh --find 3.13    only name the Python of that version, or fail
#
# Each gets an environment in .cache/, made by make_venv.sh, which is kept. A Python that is not here is left out, and
# said to be; where CI sets NO_SKIPS=1, MAY_SKIP has to allow for it, as for a test (tests/conftest.py).
set -eu
cd "$(dirname "$0")/.."

versions="3.11 3.12 3.13"
# What depends on the Python, NumPy and the other packages. What starts many processes, servers, browsers and the tools
# around them hardly do, and take most of the time.
tests="tests/base/test_arrays.py tests/base/test_compat.py tests/base/test_files.py"
for room in by_hand canvas classifier cli data drawing exercises handwriting networks plots training; do
    tests="$tests tests/$room"
done

find_python() { # VERSION; prints the first that runs and can make an environment
    for python in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        if "$python" -c "import ensurepip, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" >/dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
    return 1
}

if [ "${1:-}" = --find ]; then
    find_python "$2"
    exit
fi

own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
failed=
for version in $versions; do
    [ "$version" != "$own" ] || continue
    if ! python=$(find_python "$version"); then
        reason="there is no Python $version here"
        if [ "${NO_SKIPS:-}" = 1 ] && ! printf '%s\n' "$reason" | grep -Eq "${MAY_SKIP:-^$}"; then
            echo "error: NO_SKIPS=1, but $reason" >&2
            failed="$failed $version"
        else
            echo "Not run with Python $version: $reason"
        fi
        continue
    fi
    notebooks=notebooks
    [ "$version" != 3.13 ] || notebooks=
    echo "Running the tests of what computes${notebooks:+, and every notebook on the offline digits,} with Python $version"
    mkdir -p .cache
    DIGITS_VENV=".cache/python-$version" PYTHON="$python" sh tools/make_venv.sh --dev
    # shellcheck disable=SC2086 # many names, or none
    DIGITS_SOURCE=digits ".cache/python-$version/bin/python" -m pytest -q -p no:cacheprovider --quick \
        -m "not browser" "$@" $tests $notebooks || failed="$failed $version"
done
[ -z "$failed" ] || { echo "error: these Pythons failed:$failed" >&2 && exit 1; }
