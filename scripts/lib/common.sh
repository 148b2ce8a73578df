# shellcheck shell=bash
# What every script shares: where the project is, and how it speaks. Sourced, not run.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf 'lockstep: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# quietly <log> <command>...: its output goes to the log, and is shown only if it fails.
quietly() {
  local log=$1 status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    cat -- "$log" >&2
    say "this failed with status $status: $*"
    return "$status"
  fi
}

# explain_if_asked <the script> [<its first argument>]: prints the comment that the script opens with for -h and --help.
explain_if_asked() {
  [[ ${2-} == -h || ${2-} == --help ]] || return 1
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$1"
}
