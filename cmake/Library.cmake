# lockstep::lockstep, the header-only library, and its components that need a library of others:
# lockstep::hmac OpenSSL, lockstep::sqlite SQLite, lockstep::postgres libpq.
#
# Headers are globbed, although CMake prefers lists, because a header that is missing from
# a list would silently be neither installed nor verified; with CONFIGURE_DEPENDS a new file
# is noticed by the next build.
file(GLOB_RECURSE lockstep_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/lockstep/*.hpp")

set(lockstep_hmac_headers "${PROJECT_SOURCE_DIR}/include/lockstep/verbs/token_hmac.hpp")
set(lockstep_sqlite_headers ${lockstep_headers})
list(FILTER lockstep_sqlite_headers INCLUDE REGEX "/include/lockstep/sqlite/")
set(lockstep_postgres_headers ${lockstep_headers})
list(FILTER lockstep_postgres_headers INCLUDE REGEX "/include/lockstep/postgres/")
list(REMOVE_ITEM lockstep_headers ${lockstep_hmac_headers} ${lockstep_sqlite_headers} ${lockstep_postgres_headers})

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

# lockstep_component_of(<name> <target of others> <found>): the component's headers, linked with what they need.
# Only a consumer needs that: the target exists without it, so that what is installed does not
# depend on the machine that installed it.
function(lockstep_component_of name needed found)
  add_library(lockstep_${name} INTERFACE)
  add_library(lockstep::${name} ALIAS lockstep_${name})
  target_link_libraries(lockstep_${name} INTERFACE lockstep ${needed})
  target_sources(lockstep_${name} INTERFACE
    FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${lockstep_${name}_headers}
  )
  set_target_properties(lockstep_${name} PROPERTIES EXPORT_NAME ${name})
  if(NOT found)
    set_target_properties(lockstep_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS OFF)
  endif()
endfunction()

if(LOCKSTEP_HMAC)
  lockstep_component_of(hmac OpenSSL::Crypto "${OpenSSL_FOUND}")
endif()
if(LOCKSTEP_SQLITE)
  lockstep_component_of(sqlite SQLite::SQLite3 "${SQLite3_FOUND}")
endif()
if(LOCKSTEP_POSTGRES)
  lockstep_component_of(postgres PostgreSQL::PostgreSQL "${PostgreSQL_FOUND}")
endif()
