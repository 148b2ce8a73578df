# Builds and runs the consumer with the compiler and pkg-config alone.
# In: PREFIX, LIBDIR, COMPILER, PKG_CONFIG, SOURCE, OUTPUT.
set(ENV{PKG_CONFIG_PATH} "${PREFIX}/${LIBDIR}/pkgconfig")
execute_process(
  COMMAND "${PKG_CONFIG}" --cflags --libs lockstep-sim
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY
)
separate_arguments(flags)
execute_process(
  COMMAND "${COMPILER}" -std=c++20 -DWITH_SIM "${SOURCE}/consumer.cpp" -o "${OUTPUT}" ${flags}
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${OUTPUT}" COMMAND_ERROR_IS_FATAL ANY)
