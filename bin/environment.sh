# Sourced by the launchers beside it, with $root set to the folder above them. There are two kinds of
# virtual environments, both of exactly what the lock files name:
#
# $root/.environments/COMMIT-LOCK  what bin/segmail runs: the packages of requirements.lock and the code
#     of that commit, so that neither `git pull` nor an edited file changes a run. `current` names the
#     one in use. A new one is made beside it and takes its place in one rename once it answers.
# $root/.venv                      what bin/test and its like run: the packages of
#     requirements-dev.lock and the code as it stands in $root.
#
# shellcheck shell=sh

venv=${root:?}/.venv

# Cron gives next to no PATH: some Pythons are in /usr/local/bin, sendmail and mariadbd in /usr/sbin.
PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# renew_environment: make $environments/current the environment $wanted, of $commit. Where that fails
# and the old one works, say so in SEGMAIL_NOT_UPGRADED, which segmail puts into its log and `doctor`
# tells; where none works, exit with 78. One process builds; others go on with the old one meanwhile.
renew_environment() {
    works=
    if [ -n "${current:=}" ] && [ -x "$environments/$current/bin/python" ]; then works=yes; fi
    failed=$environments/$wanted.failed
    if ! mkdir -p "$environments" 2>/dev/null || ! [ -w "$environments" ]; then
        not_upgraded "$(id -un) may not write to $environments." \
            "Run $root/bin/segmail --version once as $(stat -c %U "$root")."
    elif [ -n "$works" ] && failed_lately; then
        not_upgraded "$(cat "$failed")"
    else
        exec 9>"$environments/.lock"
        if [ -z "$works" ]; then
            ! command -v flock >/dev/null || flock 9
        elif command -v flock >/dev/null && ! flock --nonblock 9; then
            return 0 # another run builds it
        fi
        if [ "$(readlink "$environments/current")" != "$wanted" ] || [ -z "$works" ]; then
            build_environment
        fi
        exec 9>&-
    fi
}

# A person is not kept waiting for the next try; cron's runs try four times an hour.
failed_lately() {
    ! [ -t 2 ] && [ -n "$(find "$failed" -mmin -15 2>/dev/null)" ]
}

# not_upgraded REASON ADVICE
not_upgraded() {
    [ -n "$works" ] || fail 78 "segmail has no environment that works: $1" "${2:-}"
    SEGMAIL_NOT_UPGRADED="$*"
    export SEGMAIL_NOT_UPGRADED
    ! [ -t 2 ] || say "Still $current, not $wanted: $*"
}

build_environment() {
    say_to_person "Making $environments/$wanted"
    messages=$environments/.messages
    if (fill_environment) >"$messages" 2>&1; then
        ln -sfn "$wanted" "$environments/.next"
        mv -T "$environments/.next" "$environments/current"
        rm -f "$environments"/*.failed
        remove_old_environments
    else
        rm -rf "$environments/$wanted"
        reason=$(grep -Ev '^(WARNING|\[notice\]|$)' "$messages" | tail -n 1 | cut -c 1-300)
        echo "${reason:-It could not be built.}" >"$failed"
        if [ -z "$works" ]; then cat "$messages" >&2; fi
        not_upgraded "$(cat "$failed")"
    fi
}

# One chain, because `set -e` does not act where the answer is asked for.
fill_environment() {
    umask 022 # cron's user reads what root has made
    new=$environments/$wanted
    if [ -e "$new/.complete" ] && answers; then return; fi # back to the one before
    rm -rf "$new" &&
        require_python &&
        # The program itself, not a name: a new Python must not run the packages of the old one.
        "$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')" -m venv "$new" &&
        mkdir "$new/source" &&
        copy_code "$new/source" &&
        pip_install --require-hashes --requirement "$new/source/requirements.lock" &&
        pip_install --no-deps --no-index --no-build-isolation "$new/source" &&
        rm -r "$new/source" &&
        answers &&
        touch "$new/.complete"
}

# As the commit has it, whatever lies in $root at this moment.
copy_code() {
    if [ -n "$commit" ]; then
        git --git-dir="$root/.git" archive --output="$1/code.tar" "$commit" && tar -x -f "$1/code.tar" -C "$1"
    else
        cd "$root" && cp -R segmail sql pyproject.toml requirements.lock README.md LICENSE crontab.example "$1"
    fi
}

pip_install() {
    # Where the old environment works, nobody waits long for a registry that is away.
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check ${works:+--retries 1} "$@"
}

answers() {
    "$new/bin/segmail" --version >/dev/null
}

# The one before stays, for who is still running it and for the way back.
remove_old_environments() {
    for folder in "$environments"/*/; do
        case $(basename "$folder") in "$wanted" | "$current" | current) continue ;; esac
        if ! [ -e "$folder/pyvenv.cfg" ] || flock --exclusive --nonblock "$folder/pyvenv.cfg" true; then
            rm -rf "${folder%/}"
        fi
    done
}

say_to_person() {
    if [ -t 2 ] || [ -z "$works" ]; then say "$*"; fi
}

# make_environment: make $root/.venv with all that the tests need. Does nothing when that has been
# done for these lock files; two at once build it once.
make_environment() {
    made_for="$(cat "$root/pyproject.toml" "$root/requirements-dev.lock" | sha256sum) $root"
    is_made && return
    exec 9>"$root/.venv.lock"
    if command -v flock >/dev/null; then flock 9; fi
    is_made || build
    exec 9>&-
}

is_made() {
    [ "$(cat "$venv/.made-for" 2>/dev/null)" = "$made_for" ] && "$venv/bin/python" -c '' 2>/dev/null
}

build() {
    require_python
    say "Making $venv with $python"
    rm -f "$venv/.made-for"
    "$venv/bin/python" -c '' 2>/dev/null || quietly "$python" -m venv --clear "$venv" ||
        fail 78 "$python cannot make a virtual environment in $venv."
    dev_install --require-hashes --requirement "$root/requirements-dev.lock"
    dev_install --no-deps --no-index --no-build-isolation --editable "$root"
    echo "$made_for" >"$venv/.made-for"
}

dev_install() {
    quietly "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
        fail 75 "pip could not install what the tests need."
}

# require_mariadb: see to it that a private server can be started, and its data backed up.
require_mariadb() {
    if ! command -v mariadbd >/dev/null || ! command -v mariadb-install-db >/dev/null; then
        if command -v mysqld >/dev/null; then return; fi # MySQL's will do
        # The -core packages hold the programs without a system service.
        apt_install mariadb-server-core mariadb-client-core || fail 78 \
            "The tests need MariaDB's programs: apt-get install mariadb-server-core mariadb-client-core" \
            "(or set SEGMAIL_TEST_DATABASE_URL to a server that may be filled with test databases)."
    fi
    # The backup of docs/operations.md; where it cannot be installed, its test is skipped.
    command -v mariadb-dump >/dev/null || apt_install mariadb-client || true
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
