# Builds the Makefile in PROJECT in the fresh directory BUILD, and runs the program.
# In: MAKE, PROJECT, BUILD, COMPILER, VARIABLES (a list of name=value), and for pkg-config PKG_CONFIG_PATH.
file(REMOVE_RECURSE "${BUILD}")
file(MAKE_DIRECTORY "${BUILD}")
if(PKG_CONFIG_PATH)
  set(ENV{PKG_CONFIG_PATH} "${PKG_CONFIG_PATH}")
endif()
execute_process(
  COMMAND "${MAKE}" -f "${PROJECT}/Makefile" "CXX=${COMPILER}" ${VARIABLES}
  WORKING_DIRECTORY "${BUILD}" COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${BUILD}/consumer" COMMAND_ERROR_IS_FATAL ANY)
