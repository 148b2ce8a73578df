# lockstep::lockstep, the header-only library, and lockstep::hmac, its component that needs OpenSSL.
#
# Headers are globbed, although CMake prefers lists, because a header that is missing from
# a list would silently be neither installed nor verified; with CONFIGURE_DEPENDS a new file
# is noticed by the next build.
file(GLOB_RECURSE lockstep_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/lockstep/*.hpp")

set(lockstep_hmac_headers "${PROJECT_SOURCE_DIR}/include/lockstep/verbs/token_hmac.hpp")
list(REMOVE_ITEM lockstep_headers ${lockstep_hmac_headers})

# all_verify_interface_header_sets compiles each header alone, with only this target's include
# directories and links. That proves a law of the house as well: sim/include is not among
# them, so a library header that includes <lockstep/sim/...> does not compile.
add_library(lockstep INTERFACE)
add_library(lockstep::lockstep ALIAS lockstep)
target_compile_features(lockstep INTERFACE cxx_std_20)
target_link_libraries(lockstep INTERFACE Microsoft.GSL::GSL Boost::headers Threads::Threads)
target_sources(lockstep INTERFACE
  FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${lockstep_headers}
)

if(LOCKSTEP_HMAC)
  # Only a consumer needs OpenSSL: the target exists without it, so that what is installed does
  # not depend on the machine that installed it.
  add_library(lockstep_hmac INTERFACE)
  add_library(lockstep::hmac ALIAS lockstep_hmac)
  target_link_libraries(lockstep_hmac INTERFACE lockstep OpenSSL::Crypto)
  target_sources(lockstep_hmac INTERFACE
    FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${lockstep_hmac_headers}
  )
  set_target_properties(lockstep_hmac PROPERTIES EXPORT_NAME hmac)
  if(NOT OpenSSL_FOUND)
    set_target_properties(lockstep_hmac PROPERTIES VERIFY_INTERFACE_HEADER_SETS OFF)
  endif()
endif()
