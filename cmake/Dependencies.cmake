# The packages that lockstep is built on, each with the oldest version it is tested with.
# cmake/lockstepConfig.cmake.in asks installed users for the same ones.
set(LOCKSTEP_BOOST_VERSION 1.81)
set(LOCKSTEP_GSL_VERSION 4.0)
set(LOCKSTEP_TBB_VERSION 2021.8)
set(LOCKSTEP_SQLITE_VERSION 3.26)  # table-valued pragmas
set(LOCKSTEP_LIBPQ_VERSION 14)  # pipeline mode

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Microsoft.GSL ${LOCKSTEP_GSL_VERSION} CONFIG REQUIRED)

# lockstep::hmac signs version tokens with OpenSSL; without it everything else works.
if(LOCKSTEP_HMAC)
  find_package(OpenSSL QUIET COMPONENTS Crypto)
endif()

# lockstep::sqlite keeps records in SQLite files; without it everything else works.
if(LOCKSTEP_SQLITE)
  find_package(SQLite3 ${LOCKSTEP_SQLITE_VERSION} QUIET)
endif()

# lockstep::postgres keeps records in PostgreSQL; without it everything else works.
if(LOCKSTEP_POSTGRES)
  find_package(PostgreSQL ${LOCKSTEP_LIBPQ_VERSION} QUIET)
endif()

set(boost_components "")
if(LOCKSTEP_SIM)
  list(APPEND boost_components context)
  find_package(TBB ${LOCKSTEP_TBB_VERSION} CONFIG REQUIRED)
endif()
if(LOCKSTEP_SIM AND LOCKSTEP_PROGRAM)
  list(APPEND boost_components json)
  find_package(CLI11 CONFIG REQUIRED)
  find_package(fmt CONFIG REQUIRED)
endif()
if(LOCKSTEP_TESTS)
  list(APPEND boost_components unit_test_framework)
endif()
# CONFIG finds Debian's, Conan's and vcpkg's Boost alike.
find_package(Boost ${LOCKSTEP_BOOST_VERSION} CONFIG REQUIRED COMPONENTS ${boost_components})
unset(boost_components)
