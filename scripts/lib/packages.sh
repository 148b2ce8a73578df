# shellcheck shell=bash
# ensure_packages <set>...: installs what is missing of the sets sim, test, peers, browser, docs and clang.
# Sourced, after common.sh.
#
# Silent and quick when nothing is missing: only dpkg's own list is read then. Otherwise it names
# what it is about to install, asks sudo only if it must, and never removes a package. On systems
# without apt it does nothing: CMake then says what it cannot find, and `needed` lists it all.

needed='lockstep needs a C++20 compiler (g++ 12 or clang 14, or later), CMake 3.25, Ninja,
Boost 1.81 (headers, Context, JSON; for the tests also Test), oneTBB 2021.8, Microsoft GSL 4.0,
CLI11 and {fmt};
for all tests also OpenSSL, SQLite 3.26, PostgreSQL 14 with libpq, Catch2, GoogleTest, pkg-config, make, Python 3.9 with jsonschema, git,
Chromium, and, as other programs at the same rows, Ruby with ActiveRecord, sqlite3 and pg, and Python with SQLAlchemy
and psycopg2;
for the documentation Doxygen 1.9.4, doxygen-awesome-css and Python 3.9.'

# The oldest Boost that will do, as the minor version of 1.x.
readonly boost_minimum=81

# wanted <set>...: a word per line. "tool:package" is satisfied by any such command, however it was
# installed; "boost:part" is resolved by boost_package; anything else is a package's name.
wanted() {
  local set
  for set in "$@"; do
    case $set in
      sim) printf '%s\n' c++:g++ cmake:cmake ninja:ninja-build \
        boost: boost:context boost:json libtbb-dev libmsgsl-dev libcli11-dev libfmt-dev ;;
      test) printf '%s\n' boost:test libssl-dev libsqlite3-dev libpq-dev postgresql catch2 libgtest-dev \
        pkg-config:pkgconf make:make python3:python3 python3-jsonschema git:git ;;
      peers) printf '%s\n' ruby:ruby ruby-activerecord ruby-sqlite3 ruby-pg python3-sqlalchemy python3-psycopg2 ;;
      browser) printf '%s\n' chromium:chromium ;;
      docs) printf '%s\n' doxygen:doxygen doxygen-awesome-css python3:python3 ;;
      clang) printf '%s\n' clang-19 clang-tidy-19 libclang-rt-19-dev llvm-19 ;;
      *) die "no such set of packages: $set" ;;
    esac
  done
}

# is_installed <package>
is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' -- "$1" 2>/dev/null) == installed ]]
}

# Sets boost_version to the suffix of the names to use: "1.83" where a version must be named, ""
# where the system's default will do, "?" as long as nobody knows. One that is installed wins, as
# different versions exclude each other.
boost_version='?'
find_boost_version() {
  local versions default
  versions=$({ dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 'libboost1.*-dev' 2>/dev/null || true; } |
    sed -n 's/^installed libboost1\.\([0-9]*\)-dev$/\1/p')
  versions=$(newest_boost <<<"$versions")
  if [[ -z $versions && ${1:-} == ask_apt ]]; then
    default=$(LC_ALL=C apt-cache policy libboost-dev | sed -n 's/^ *Candidate: 1\.\([0-9]*\).*/\1/p')
    if [[ -n $default ]] && ((default >= boost_minimum)); then
      boost_version=''
      return
    fi
    versions=$(apt-cache pkgnames libboost1. | sed -n 's/^libboost1\.\([0-9]*\)-dev$/\1/p' | newest_boost)
  fi
  boost_version=${versions:+1.$versions}
  boost_version=${boost_version:-?}
}

# The largest number of standard input that is at least boost_minimum.
newest_boost() {
  sort -n | awk -v minimum="$boost_minimum" '$1 >= minimum { newest = $1 } END { print newest }'
}

# missing <set>...: the names of the packages that are not installed.
missing() {
  local word package
  while read -r word; do
    case $word in
      boost:*)
        package=libboost${word#boost:}
        [[ $word == boost: ]] || package=libboost-${word#boost:}
        package+=$boost_version-dev
        ;;
      *:*)
        if command -v -- "${word%%:*}" >/dev/null; then continue; fi
        package=${word#*:}
        ;;
      *) package=$word ;;
    esac
    is_installed "$package" || printf '%s\n' "$package"
  done < <(wanted "$@")
}

# as_root <command>...: sudo may ask for a password only where somebody can type one.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif [[ -t 0 && -t 2 ]]; then
    sudo -- "$@"
  else
    sudo -n -- "$@"
  fi
}

can_be_root() {
  ((EUID == 0)) || { command -v sudo >/dev/null && { [[ -t 0 && -t 2 ]] || sudo -n true 2>/dev/null; }; }
}

# apt <argument>...: without questions, waiting for another apt to finish.
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# refuse_removal <package>...: installing them must not cost the user another package.
refuse_removal() {
  local plan removed
  plan=$(LC_ALL=C apt-get --simulate --no-install-recommends install -- "$@" 2>&1) ||
    die "apt cannot install $*. It says:"$'\n'"$plan"
  removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | sort | tr '\n' ' ')
  [[ -z $removed ]] && return
  die "nothing was installed, because apt would have to remove: $removed
They stand in the way of: $*
(Debian 12's Boost 1.74 and 1.81 development packages exclude each other.) You can
  - remove them yourself, if you do not need them:  apt-get remove $removed
  - work in a fresh container or chroot of this system
  - bring Boost 1.$boost_minimum or later yourself, and say where:
    LOCKSTEP_APT=no CMAKE_PREFIX_PATH=/path/to/boost $0"
}

ensure_packages() {
  # LOCKSTEP_APT=no: everything is there, in a way that dpkg does not know of.
  [[ ${LOCKSTEP_APT:-yes} == no ]] && return
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0

  local -a packages
  local log name
  find_boost_version
  mapfile -t packages < <(missing "$@")
  ((${#packages[@]} == 0)) && return

  if ! can_be_root; then
    find_boost_version ask_apt
    mapfile -t packages < <(missing "$@")
    die "these packages are missing, and only root can install them (there is no sudo here, or it
asks for a password and there is no terminal to type it). Run as root, and then this again:
  apt-get install --no-install-recommends --no-remove ${packages[*]}"
  fi

  log=$(mktemp)
  trap 'rm -f -- "$log"' RETURN
  say "packages are missing; asking apt for its current lists"
  quietly "$log" apt update || say "going on with the lists of last time"
  find_boost_version ask_apt
  mapfile -t packages < <(missing "$@")
  for name in "${packages[@]}"; do
    [[ -n $(apt-cache show --no-all-versions -- "$name" 2>/dev/null) ]] ||
      die "apt knows no package $name here.
$needed
If you have it from elsewhere, say LOCKSTEP_APT=no and run this again."
  done
  refuse_removal "${packages[@]}"
  say "installing ${packages[*]}"
  quietly "$log" apt install --yes --no-remove --no-install-recommends -- "${packages[@]}" ||
    die "the packages could not be installed"
}
