# lockstep_own_code(<target>...): what lockstep's own sources are held to.
#
# Warnings are for those who can fix them, so they are on only when lockstep is the
# top-level project. Whether they are errors is the presets' choice
# (CMAKE_COMPILE_WARNING_AS_ERROR), so that a compiler newer than ours still builds it.
function(lockstep_own_code)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  set(gcc_like $<CXX_COMPILER_ID:GNU,Clang,AppleClang>)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE
      $<${gcc_like}:-Wall -Wextra -Wpedantic
        -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-align -Wcast-qual
        -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
        -Wimplicit-fallthrough -Wformat=2 -Wundef>
      # clang's -Wshadow rejects `[&x = x]` for a structured binding, which clang 14 needs.
      $<$<CXX_COMPILER_ID:GNU>:-Wshadow -Wduplicated-cond -Wlogical-op>
    )
  endforeach()
endfunction()

# lockstep_may_be_one_source(<target> [<at most so many>]): as one source, or as sources of so many each, if that is
# asked for.
option(LOCKSTEP_AS_ONE_SOURCE "Compile some programs as one source each: a third of the time, for builds that are \
thrown away" OFF)
mark_as_advanced(LOCKSTEP_AS_ONE_SOURCE)
function(lockstep_may_be_one_source target)
  if(LOCKSTEP_AS_ONE_SOURCE)
    set(most ${ARGN} 0)
    list(GET most 0 most)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${most})
  endif()
endfunction()
