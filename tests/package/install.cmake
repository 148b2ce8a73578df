# Installs the build in BUILD to a prefix, moves that to PREFIX, and looks for what would not
# survive the move. In: BUILD, SOURCE, CONFIG, PREFIX.
file(REMOVE_RECURSE "${PREFIX}" "${PREFIX}-first")
execute_process(
  COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}-first" --config "${CONFIG}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY
)
file(RENAME "${PREFIX}-first" "${PREFIX}")

file(GLOB_RECURSE texts "${PREFIX}/*.cmake" "${PREFIX}/*.pc" "${PREFIX}/*.hpp")
if(NOT texts)
  message(FATAL_ERROR "Nothing was installed to ${PREFIX}")
endif()
foreach(path IN LISTS texts)
  file(READ "${path}" text)
  foreach(place IN ITEMS "${BUILD}" "${SOURCE}" "${PREFIX}")
    string(FIND "${text}" "${place}" found)
    if(NOT found EQUAL -1)
      message(SEND_ERROR "${path} names ${place}: it cannot be moved")
    endif()
  endforeach()
endforeach()
