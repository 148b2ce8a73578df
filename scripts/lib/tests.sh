# shellcheck shell=bash
# run_tests <preset> [<argument of ctest>...]: failures with their output, and ctest's summary.
# Sourced, after common.sh.
run_tests() {
  local preset=$1
  shift
  if [[ -t 1 ]]; then
    # On a terminal ctest shows its progress in one line.
    (cd -- "$root" && ctest --preset "$preset" "$@")
  else
    (cd -- "$root" && ctest --preset "$preset" "$@" 2>&1) |
      awk '!/^ *Start +[0-9]+: / && !/ Passed +[0-9.]+ sec$/ { print; fflush() }'
  fi
}
