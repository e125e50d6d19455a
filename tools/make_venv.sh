#!/bin/sh
# Make .venv from requirements.txt and install the project into it, or do nothing when it is fresh.
#
#     tools/make_venv.sh        with the first Python 3.12 or 3.11 that runs
#     PYTHON=/path/to/python3.11 tools/make_venv.sh
#     tools/make_venv.sh --find    only name the Python that it would take
#     WHEELHOUSE=/media/stick/wheelhouse tools/make_venv.sh    from the wheels in that folder, without a network
#
# A folder wheelhouse/ here counts without being named (tools/wheelhouse.py collects it).
#
# .venv/stamp is written last. It tells what .venv was made from, so a half-made .venv is never taken for a whole one,
# and neither a fresh checkout nor `touch` has it made again. While a new one is made, the old one waits in .venv.old.
set -eu
cd "$(dirname "$0")/.."

container="the container (docs/troubleshooting.md)"
ways_out="use apt-get install python3 python3-venv, make PYTHON=/path/to/python3.12 ..., \
conda env create -f environment.yml or $container"

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

minor_version() { # PYTHON
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# What .venv is made from: the Python, the pins and the place, since a .venv cannot be moved. The Python counts as 3.12,
# not 3.12.3: a system that updates it leaves a .venv that works.
stamp() { # PYTHON
    minor_version "$1" && cksum <requirements.txt && pwd
}

is_fresh() {
    [ -f .venv/stamp ] && [ "$(stamp .venv/bin/python)" = "$(cat .venv/stamp)" ] &&
        { [ -z "${PYTHON:-}" ] || [ "$(stamp "$PYTHON")" = "$(cat .venv/stamp)" ]; }
}

find_python() { # sets $python, or fails with what was found
    found=
    for name in "${PYTHON:-python3.12}" "${PYTHON:-python3.11}" "${PYTHON:-python3}"; do
        command -v "$name" >/dev/null 2>&1 || continue
        version=$(minor_version "$name") || version="does not run"
        case $version in
        3.11 | 3.12)
            python=$name
            ! "$python" -c 'import ensurepip, venv' 2>/dev/null || return 0
            version="$version without venv or ensurepip, which Debian and Ubuntu pack apart"
            ;;
        esac
        found="$found${found:+, }$name ($version)"
        [ -z "${PYTHON:-}" ] || break
    done
    fail "expected Python 3.11 or 3.12, got ${found:-no ${PYTHON:-python3}}: $ways_out"
}

check_platform() { # PYTHON
    platform=$("$1" -c 'import platform; print(platform.system(), platform.machine(), platform.libc_ver()[0])')
    case $platform in
    "Linux x86_64 glibc" | "Linux aarch64 glibc" | "Darwin x86_64 "*) ;;
    *) fail "expected a platform that MXNet 1.9.1 exists for, got $platform: use $container" ;;
    esac
}

restore() { # put the old .venv back where the new one is not whole, else delete the old one
    [ -d .venv.old ] || return 0
    if [ -f .venv/stamp ]; then rm -rf .venv.old; else rm -rf .venv && mv .venv.old .venv; fi
}

leave() {
    [ -f .venv/stamp ] || rm -rf .venv
    restore
    rm -f .venv.pid
}

if [ "${1:-}" = --find ]; then
    find_python
    echo "$python"
    exit
fi
if is_fresh; then exit 0; fi
if [ -f .venv.pid ] && kill -0 "$(cat .venv.pid)" 2>/dev/null; then
    fail ".venv is being made by process $(cat .venv.pid): wait for it (if it is not, remove .venv.pid)"
fi
restore # a run that was killed left it
if is_fresh; then exit 0; fi
find_python
check_platform "$python"

wheelhouse=${WHEELHOUSE:-}
[ -n "$wheelhouse" ] || [ ! -d wheelhouse ] || wheelhouse=wheelhouse
if [ -n "$wheelhouse" ]; then
    "$python" tools/wheelhouse.py check "$wheelhouse" || exit 1
    set -- --no-index --find-links "$wheelhouse"
    source="$wheelhouse, without a network"
    remedy="collect the packages anew with make wheelhouse"
else
    set --
    source="requirements.txt; once, with a network"
    remedy="try again, with a network"
fi

echo "Making .venv with $("$python" --version) from $source: a few minutes, 1 GB of disk"
trap leave EXIT # whatever happens, one whole .venv stays: the new one or the old one
trap 'exit 130' INT TERM HUP
echo $$ >.venv.pid
[ ! -d .venv ] || mv .venv .venv.old
"$python" -m venv .venv || fail "$python could not make .venv, for the reason above: mend it and try again"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: "$@" -r requirements.txt ||
    fail "pip could not install requirements.txt, for the reason above: $remedy"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ||
    fail "pip could not install the project itself, for the reason above: mend it and try again"
.venv/bin/python tools/link_libraries.py
# No question about news, which would cover the notebook, and no request to a server for them.
said=$(.venv/bin/python -m jupyter labextension disable --level=sys_prefix \
    @jupyterlab/apputils-extension:announcements 2>&1) ||
    fail "JupyterLab could not be set up: $(printf '%s\n' "$said" | tail -n 1)"
stamp .venv/bin/python >.venv/stamp.new
mv .venv/stamp.new .venv/stamp # now it is whole, and `leave` deletes the old one
