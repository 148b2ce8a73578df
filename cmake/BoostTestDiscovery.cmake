# lockstep_discover_boost_tests(<target> [PREFIX <text>] [PROPERTIES <name> <value>...])
#
# Registers each Boost.Test case of <target> as a CTest test of its own, named
# <PREFIX>suite.case, so that a failure has a name and tests run in parallel.
#
# CTest asks the program for its cases as it starts, and only if the program is newer than
# the last answer: a program that cannot run fails its tests, not the build, and a test that
# was just written needs no new configuration.
include_guard()

set(LOCKSTEP_BOOST_TEST_DISCOVERY "${CMAKE_CURRENT_LIST_DIR}/BoostTestDiscoveryScript.cmake")

function(lockstep_discover_boost_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PREFIX" "PROPERTIES")

  # One description per configuration, as only then the program's path is known.
  set(base "${CMAKE_CURRENT_BINARY_DIR}/${target}-tests")
  file(GENERATE OUTPUT "${base}-$<CONFIG>.cmake" CONTENT
"set(target [==[${target}]==])
set(program [==[$<TARGET_FILE:${target}>]==])
set(list [==[${base}-$<CONFIG>-list.cmake]==])
set(prefix [==[${arg_PREFIX}]==])
set(properties [==[${arg_PROPERTIES}]==])
include([==[${LOCKSTEP_BOOST_TEST_DISCOVERY}]==])
")

  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(multi_config)
    file(WRITE "${base}.cmake" "include([==[${base}-]==]\${CTEST_CONFIGURATION_TYPE}.cmake)\n")
  else()
    file(WRITE "${base}.cmake" "include([==[${base}-${CMAKE_BUILD_TYPE}.cmake]==])\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${base}.cmake")
endfunction()
