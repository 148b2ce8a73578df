# Copies the one file into a directory by itself, and builds and runs a program with it, as it is and as it is where
# neither GSL nor Boost is installed. In: SINGLE, and what make.cmake takes.
file(READ "${SINGLE}" text)
string(REGEX REPLACE "__has_include\\(<(gsl|boost)/[a-z/.]+>\\)" "false" alone "${text}")
if(alone STREQUAL text OR alone MATCHES "__has_include")
  message(FATAL_ERROR "${SINGLE} does not look for GSL and Boost as this test expects")
endif()

set(build "${BUILD}")
foreach(variant IN ITEMS text alone)
  set(BUILD "${build}/${variant}")
  set(include "${build}/${variant}-include")
  file(CONFIGURE OUTPUT "${include}/lockstep/lockstep.hpp" CONTENT "@${variant}@" @ONLY)
  set(VARIABLES "INCLUDE=${include}")
  include("${CMAKE_CURRENT_LIST_DIR}/make.cmake")
endforeach()
