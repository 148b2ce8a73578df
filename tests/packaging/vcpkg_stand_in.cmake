# Stands in for vcpkg, which Debian does not package: runs ports/lockstep/portfile.cmake in script mode with as much
# of vcpkg's helper functions as it calls, by their documentation. Whatever it does not call is not here, so that a
# deprecated helper is an unknown command.
#
# In: PORT_DIR, FEATURES, BUILD, PACKAGES. CMake is run in earnest; only the release configuration is built.
cmake_minimum_required(VERSION 3.25)

set(PORT lockstep)
set(CURRENT_PACKAGES_DIR "${PACKAGES}")

# The revision is fetched by its full name, into a directory of its own.
function(vcpkg_from_git)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_SOURCE_PATH;URL;REF" "")
  if(NOT arg_URL OR NOT arg_REF MATCHES "^[0-9a-f]+$")
    message(FATAL_ERROR "vcpkg_from_git needs a URL and the full name of a commit, and got '${arg_URL}' '${arg_REF}'")
  endif()
  set(checkout "${BUILD}/src")
  execute_process(COMMAND git init --quiet "${checkout}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND git fetch --quiet --depth 1 "${arg_URL}" "${arg_REF}"
    WORKING_DIRECTORY "${checkout}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND git checkout --quiet FETCH_HEAD WORKING_DIRECTORY "${checkout}" COMMAND_ERROR_IS_FATAL ANY)
  set(${arg_OUT_SOURCE_PATH} "${checkout}" PARENT_SCOPE)
endfunction()

function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_FEATURE_OPTIONS" "FEATURES")
  set(options "")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature option)
    if(feature IN_LIST FEATURES)
      list(APPEND options "-D${option}=ON")
    else()
      list(APPEND options "-D${option}=OFF")
    endif()
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} "${options}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release" AND NOT "sim" IN_LIST FEATURES)
    message(FATAL_ERROR "Headers alone are built once, in release")
  endif()
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${BUILD}/rel" -DCMAKE_BUILD_TYPE=Release
      "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" -DCMAKE_INSTALL_LIBDIR:STRING=lib
      -DCMAKE_DISABLE_SOURCE_CHANGES=ON ${arg_OPTIONS}
    OUTPUT_QUIET ERROR_VARIABLE errors COMMAND_ERROR_IS_FATAL ANY)
  if(errors MATCHES "not used by the project")
    message(FATAL_ERROR "The port sets what CMakeLists.txt does not know: ${errors}")
  endif()
endfunction()

function(vcpkg_cmake_install)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}/rel" --target install OUTPUT_QUIET
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share")
  file(RENAME "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}" "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake")
endfunction()

function(vcpkg_fixup_pkgconfig)
  file(GLOB found "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/*.pc" "${CURRENT_PACKAGES_DIR}/share/pkgconfig/*.pc")
  if(NOT found)
    message(FATAL_ERROR "There is no .pc file where vcpkg looks for it")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(INSTALL "${arg_FILE_LIST}" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()

file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}")
include("${PORT_DIR}/portfile.cmake")
