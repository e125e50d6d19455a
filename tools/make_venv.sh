#!/bin/sh
# Make .venv from requirements.txt and put the project on its path, or do nothing when it is fresh.
#
#     tools/make_venv.sh         with the first of Python 3.13, 3.12 and 3.11 that runs
#     tools/make_venv.sh --dev   and add what maintainers need, requirements-export.txt and requirements-dev.txt
#     tools/make_venv.sh --find  only name the Python that would be taken
#     tools/make_venv.sh --into PYTHON  make no .venv, but install into the environment of that Python, such as conda's
#     PYTHON=/path/to/python3.11 tools/make_venv.sh
#     WHEELHOUSE=/media/stick/wheelhouse tools/make_venv.sh    from the wheels in that folder, without a network
#
# A folder wheelhouse/ here counts without being named (tools/wheelhouse.py collects it). uv does the work where it is
# there, else pip; both install the same pins as they stand, since MXNet's metadata would keep a resolver from Python 3.13.
# Each file has to be one of those whose SHA-256 stands with its pin.
#
# .venv/stamp is written last. It tells what .venv was made from, so a half-made .venv is never taken for a whole one,
# and neither a fresh checkout nor `touch` makes it again. While the new one is made, the old one waits in .venv.old.
# .venv/stamp-dev tells the same of what --dev adds.
set -eu
cd "$(dirname "$0")/.."

venv=${DIGITS_VENV:-.venv} # another folder of the project, to try another Python in (tools/test_pythons.sh)
log=$venv.log # what an installer writes to stderr
dev_pins="requirements-export.txt requirements-dev.txt"
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

has_uv() {
    command -v uv >/dev/null 2>&1
}

# What .venv is made from: the Python, the pins and the place, since a .venv cannot be moved. The Python counts as 3.12,
# not 3.12.3: a system that updates it leaves a .venv that works.
stamp() { # PYTHON
    minor_version "$1" && cksum <requirements.txt && pwd
}

dev_stamp() {
    cksum $dev_pins
}

is_fresh() {
    [ -f "$venv/stamp" ] && [ "$(stamp "$venv/bin/python")" = "$(cat "$venv/stamp")" ] &&
        { [ -z "${PYTHON:-}" ] || [ "$(stamp "$PYTHON")" = "$(cat "$venv/stamp")" ]; }
}

is_dev_fresh() {
    [ -f "$venv/stamp-dev" ] && [ "$(dev_stamp)" = "$(cat "$venv/stamp-dev")" ]
}

find_python() { # sets $python, or fails with what was found
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3 python3.14; fi
    found=
    for name; do
        command -v "$name" >/dev/null 2>&1 || continue
        version=$(minor_version "$name") || version="does not run"
        case $version in
        3.11 | 3.12 | 3.13 | 3.14)
            python=$name
            if has_uv || "$python" -c 'import ensurepip, venv' 2>/dev/null; then
                [ "$version" != 3.14 ] || echo "Notice: nobody has tried this project with Python 3.14" >&2
                return 0
            fi
            version="$version without venv or ensurepip, which Debian and Ubuntu pack apart"
            ;;
        esac
        found="$found${found:+, }$name ($version)"
    done
    fail "expected Python 3.11, 3.12 or 3.13, got ${found:-no ${PYTHON:-python3}}: $ways_out"
}

check_platform() { # PYTHON; before anything is downloaded
    platform=$("$1" -c 'import platform as p; print(*filter(None, (p.system(), p.machine(), p.libc_ver()[0])))')
    case $platform in
    "Linux x86_64 glibc" | "Darwin x86_64") ;;
    *)
        fail "expected Linux on x86-64 or an Intel Mac, got $platform, where MXNet 1.9.1 does not run: use $container"
        ;;
    esac
}

choose_source() { # sets what the packages come from, and what to say of it
    wheelhouse=${WHEELHOUSE:-}
    [ -n "$wheelhouse" ] || [ ! -d wheelhouse ] || wheelhouse=wheelhouse
    if [ -n "$wheelhouse" ]; then
        "$python" tools/wheelhouse.py check "$wheelhouse" || exit 1
        source="$wheelhouse, without a network"
        remedy="make wheelhouse collects the packages anew"
        untrusted="somebody has changed $wheelhouse, so collect it anew with make wheelhouse"
    else
        source="requirements.txt; once, with a network"
        remedy="try again, with a network"
        untrusted="try another network, and tell the maintainers if it happens there, too"
    fi
}

install() { # PYTHON PINS...; says why on stderr when it fails
    into=$1
    shift
    for pins; do
        if [ -n "$wheelhouse" ]; then set -- --no-index --find-links "$wheelhouse"; else set --; fi
        if has_uv; then # not as a part of this project: overrides of pyproject.toml would take the place of pins
            uv --project / pip install --quiet --python "$into" --no-deps --only-binary :all: --require-hashes \
                "$@" -r "$pins"
        else # compiling all modules beforehand takes 0.15 GB, and most are never imported
            "$into" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
                --only-binary :all: --require-hashes "$@" -r "$pins"
        fi 2>"$log" && code=0 || code=$?
        # How pip and uv name a pin whose file is another one.
        wrong=$(sed -n -e 's/^    \([^ ]*==[^ ]*\) from .*/\1/p' -e 's/.*ash mismatch for `\(.*\)`.*/\1/p' "$log")
        [ -n "$wrong" ] || cat "$log" >&2
        rm -f "$log"
        # shellcheck disable=SC2086 # several names on one line
        [ -z "$wrong" ] || fail "expected the files that $pins names by their SHA-256, got another one of \
$(echo $wrong), and nothing of it was installed: $untrusted"
        [ "$code" = 0 ] || return 1
    done
}

fill() { # PYTHON; all that a student needs, into its environment
    install "$1" requirements.txt || fail "requirements.txt could not be installed, for the reason above: $remedy"
    "$1" -c 'import os, sysconfig
with open(os.path.join(sysconfig.get_path("purelib"), "digits-with-mxnet.pth"), "w") as file:
    print(os.getcwd(), file=file)' || fail "the project is not on the path of $1, for the reason above"
    "$1" tools/link_libraries.py
    # No question about news, which would cover the notebook, and no request to a server for them.
    said=$("$1" -m jupyter labextension disable --level=sys_prefix \
        @jupyterlab/apputils-extension:announcements 2>&1) ||
        fail "JupyterLab could not be set up: $(printf '%s\n' "$said" | tail -n 1)"
}

add_dev() {
    is_dev_fresh && return
    echo "Adding to $venv what maintainers need, from $dev_pins: a minute or two, 0.5 GB of disk"
    rm -f "$venv/stamp-dev"
    # shellcheck disable=SC2086 # two names
    install "$venv/bin/python" $dev_pins || fail "$dev_pins could not be installed, for the reason above: $remedy"
    dev_stamp >"$venv/stamp-dev"
}

restore() { # put the old .venv back where the new one is not whole, else delete it
    [ -d "$venv.old" ] || return 0
    if [ -f "$venv/stamp" ]; then rm -rf "$venv.old"; else rm -rf "$venv" && mv "$venv.old" "$venv"; fi
}

leave() {
    [ -f "$venv/stamp" ] || rm -rf "$venv"
    restore
    rm -f "$venv.pid" "$log"
}

case ${1:-} in
--find)
    find_python
    echo "$python"
    exit
    ;;
--into)
    PYTHON=${2:-} # an empty one counts as none
    [ -n "$PYTHON" ] || fail "expected a Python after --into, got none: name that of an environment"
    find_python
    check_platform "$python"
    choose_source
    echo "Installing into the environment of $python from $source: a minute or two, 0.8 GB of disk"
    fill "$python"
    exit
    ;;
--dev) dev=yes ;;
*) dev= ;;
esac
is_whole() {
    is_fresh && { [ -z "$dev" ] || is_dev_fresh; }
}
if is_whole; then exit 0; fi
if [ -f "$venv.pid" ] && kill -0 "$(cat "$venv.pid")" 2>/dev/null; then
    fail "$venv is being made by process $(cat "$venv.pid"): wait for it (if it is not, remove $venv.pid)"
fi
restore # a run that was killed left it
if is_whole; then exit 0; fi

if is_fresh; then python="$venv/bin/python"; else find_python; fi
check_platform "$python"
choose_source

trap leave EXIT # whatever happens, one whole .venv stays: the new one or the old one
trap 'exit 130' INT TERM HUP
echo $$ >"$venv.pid"
if ! is_fresh; then
    echo "Making $venv with $("$python" --version) from $source: a minute or two, 0.8 GB of disk"
    [ ! -d "$venv" ] || mv "$venv" "$venv.old"
    if has_uv; then
        uv venv --quiet --python "$python" "$venv"
    else # Python 3.11 adds setuptools, which nothing needs here
        "$python" -m venv "$venv" && "$venv/bin/python" -m pip uninstall --quiet --quiet --yes setuptools
    fi || fail "$python could not make $venv, for the reason above: mend it and try again"
    fill "$venv/bin/python"
    "$venv/bin/python" tools/link_duplicates.py "$venv"
    stamp "$venv/bin/python" >"$venv/stamp.new"
    mv "$venv/stamp.new" "$venv/stamp" # now it is whole, and `leave` deletes the old one
fi
[ -z "$dev" ] || add_dev
