#!/bin/sh
# Make .cache/bench, the environment of the frameworks that benchmarks/frameworks.py compares MXNet with, or do nothing
# when it is fresh. It has the Python of .venv and the pins of benchmarks/requirements-bench.txt.
#
#     tools/make_bench_venv.sh
#
# PyTorch has to install. Any other framework that does not is named in one line and left out. .cache/bench/stamp is
# written last, so a half-made environment is never taken for a whole one.
set -eu
cd "$(dirname "$0")/.."
pins=benchmarks/requirements-bench.txt
place=.cache/bench

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

[ -x .venv/bin/python ] || fail "expected .venv, got none: run make venv first"

stamp() {
    .venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' && cksum <"$pins" && pwd
}

if [ -f "$place/stamp" ] && [ "$(stamp)" = "$(cat "$place/stamp")" ]; then exit 0; fi

install() { # PACKAGES of one framework, by their names in the pins; -c holds what they depend on to its pins
    "$place/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -c "$pins" "$@" \
        2>"$place/pip.log"
}

why() {
    grep -i error "$place/pip.log" | head -n 1 || tail -n 1 "$place/pip.log"
}

echo "Making $place from $pins; once, with a network: some minutes, several GB of disk"
rm -rf "$place"
mkdir -p .cache
.venv/bin/python -m venv "$place" || fail "cannot make $place, for the reason above: mend it and try again"
install numpy torch || fail "pip could not install PyTorch: $(why)"
install jax jaxlib || echo "JAX is left out, pip could not install it: $(why)" >&2
install tensorflow keras || echo "Keras is left out, pip could not install it: $(why)" >&2
stamp >"$place/stamp.new"
mv "$place/stamp.new" "$place/stamp"
