# shellcheck shell=bash
# Configures and builds presets quietly. Sourced, after common.sh and packages.sh.

# Not more at once than there are processors: a C++ compiler wants memory as well.
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}

# What fails is all that is worth reading. A run of continuous integration tells every failure.
ninja_options=(--quiet)
if [[ -n ${CI:-} ]]; then ninja_options+=(-k 0); fi

# ccache saves time where it is installed. Its own directory may be out of reach (no home).
if [[ -z ${CMAKE_CXX_COMPILER_LAUNCHER:-} ]] && command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  if [[ -z ${CCACHE_DIR:-} && ! -w ${HOME:-/nonexistent} ]]; then
    export CCACHE_DIR=$root/build/ccache
  fi
fi

# build_preset <preset> <what it is> [<option of cmake>...]: brings build/<preset> up to date.
# One line before a first build, and on a terminal one that shows how far it is; the build's own output only
# if it fails.
build_preset() {
  local preset=$1 what=$2 dir=$root/build/$1 stamp log first=
  shift 2
  if ! mkdir -p -- "$dir" 2>/dev/null || [[ ! -w $dir ]]; then
    die "$dir cannot be written by $(id -un). If another user built there, remove it as that user."
  fi
  stamp=$dir/configured
  log=$dir/output.log

  # Ninja itself notices changes to CMakeLists.txt and to sources; not to presets, nor that the
  # checkout has moved.
  if [[ $(cat -- "$stamp" 2>/dev/null) != "$root $*" || $root/CMakePresets.json -nt $stamp ]]; then
    say "building $what in build/$preset; the first time takes some minutes"
    if ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
      rm -rf -- "$dir/CMakeCache.txt" "$dir/CMakeFiles"
    fi
    (cd -- "$root" && quietly "$log" cmake --preset "$preset" "$@") || {
      say "CMake could not configure the build. $needed"
      return 1
    }
    printf '%s' "$root $*" >"$stamp"
    first=yes
  fi
  if [[ $first && -t 2 && -z ${CI:-} ]]; then  # ninja writes its progress over and over in one line
    (cd -- "$root" && cmake --build --preset "$preset" >&2)
    return
  fi
  (cd -- "$root" && quietly "$log" cmake --build --preset "$preset" -- "${ninja_options[@]}")
}
