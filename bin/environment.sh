# Sourced by the launchers beside it, with $root set to the folder above them: makes the virtual
# environment $root/.venv.
#
# shellcheck shell=sh

venv=${root:?}/.venv

# Cron gives next to no PATH: some Pythons are in /usr/local/bin, sendmail and mariadbd in /usr/sbin.
PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# make_environment runtime|dev: install segmail and what it needs (dev: what its tests need, too).
# Does nothing when that has been done for this pyproject.toml; two at once build it once.
make_environment() {
    wanted="$(sha256sum <"$root/pyproject.toml") $root"
    is_made "$1" && return
    [ -w "$root" ] || fail 78 "$root/.venv cannot be made by $(id -un)." \
        "Run $root/bin/segmail --version once as the owner of $root."
    exec 9>"$root/.venv.lock"
    if command -v flock >/dev/null; then flock 9; fi
    is_made "$1" || build "$1"
    exec 9>&-
}

# require_mariadb: see to it that a private server can be started.
require_mariadb() {
    if command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null; then return; fi
    # The -core packages hold the programs without a system service.
    apt_install mariadb-server-core mariadb-client-core || fail 78 \
        "The tests need MariaDB's programs: apt-get install mariadb-server-core mariadb-client-core" \
        "(or set SEGMAIL_TEST_DATABASE_URL to a server that may be filled with test databases)."
}

is_made() {
    [ "$(cat "$venv/.$1" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null
}

build() {
    require_python
    say "Making $venv with $python"
    rm -f "$venv/.runtime" "$venv/.dev"
    "$venv/bin/python" -c '' 2>/dev/null || quietly "$python" -m venv --clear "$venv" ||
        fail 78 "$python cannot make a virtual environment in $venv."
    install_segmail "$1" || fail 75 "pip could not install what segmail needs."
    for stamp in runtime "$1"; do echo "$wanted" >"$venv/.$stamp"; done
}

install_segmail() {
    set -- "$1" "$venv/bin/pip" install --quiet --disable-pip-version-check --editable "$root"
    if [ "$1" = dev ]; then
        dev_packages >"$venv/dev.txt"
        set -- "$@" --requirement "$venv/dev.txt"
    fi
    shift
    quietly "$@" || return
    # For users who may not write here: cron's.
    quietly "$venv/bin/python" -m compileall -q "$root/segmail"
}

# pip reads dependency groups itself from version 25.1; Debian 12 has 23.0.
dev_packages() {
    "$venv/bin/python" -c '
import sys, tomllib
print(*tomllib.load(sys.stdin.buffer)["dependency-groups"]["dev"], sep="\n")
' <"$root/pyproject.toml"
}

# Set $python to a Python that can make virtual environments; install one where it is missing.
require_python() {
    if find_python; then
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
        missing=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    else
        missing="python3 python3-venv"
    fi
    # shellcheck disable=SC2086 # two packages
    if apt_install $missing && find_python; then return; fi
    fail 78 "segmail needs Python 3.11 or newer with its venv module: apt-get install $missing"
}

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        python=$(command -v $name) || continue
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
    done
    return 1
}

# apt_install PACKAGE…: install Debian packages, as root or by a sudo that asks no password.
apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root="sudo -n"
    fi
    say "Installing $*"
    # shellcheck disable=SC2016,SC2086 # expanded by the inner shell; no word where we are root
    quietly $as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get update -q
        apt-get -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends "$@"
    ' sh "$@"
}

# Run a command; show its output only when it fails.
quietly() {
    output=$(mktemp)
    status=0
    "$@" >"$output" 2>&1 </dev/null || status=$?
    [ $status -eq 0 ] || cat "$output" >&2
    rm -f "$output"
    return $status
}

say() {
    echo "$*" >&2
}

# fail CODE LINE…
fail() {
    code=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$code"
}
