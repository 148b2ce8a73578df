# Installs the build in BUILD to a prefix and moves that to PREFIX; looks for what would not survive the move, and for
# headers that were left behind. PREFIX-library is the same without the components.
# In: BUILD, SOURCE, CONFIG, PREFIX, INCLUDEDIR, HEADERS (directories of headers that are to be installed).
file(REMOVE_RECURSE "${PREFIX}" "${PREFIX}-first" "${PREFIX}-library")
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

foreach(directory IN LISTS HEADERS)
  file(GLOB_RECURSE headers RELATIVE "${directory}" "${directory}/*")
  foreach(header IN LISTS headers)
    if(NOT EXISTS "${PREFIX}/${INCLUDEDIR}/${header}")
      message(SEND_ERROR "${directory}/${header} was not installed")
    endif()
  endforeach()
endforeach()

file(COPY "${PREFIX}/" DESTINATION "${PREFIX}-library")
file(GLOB_RECURSE components "${PREFIX}-library/*/lockstep-*Targets.cmake")
file(REMOVE ${components})
