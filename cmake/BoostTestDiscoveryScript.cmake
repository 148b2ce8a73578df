# Run by CTest as it starts, once per test program: see BoostTestDiscovery.cmake.
# In: target, program, list (the file to keep the answer in), prefix, properties.
cmake_policy(VERSION 3.25)  # CTest sets none

# Turns the tree that --list_content prints, four spaces of indentation a level,
#
#   suite*
#       case*: its description
#
# into the paths of its leaves: suite/case. A leaf without an asterisk is disabled. Cases of
# one BOOST_DATA_TEST_CASE are leaves named _0, _1, ...: they stay together as one test.
function(lockstep_boost_test_paths tree paths_result disabled_result)
  string(REGEX REPLACE "[][;\\]" "?" tree "${tree}")
  string(REPLACE "\n" ";" lines "${tree}")
  set(stack "")
  set(paths "")
  set(disabled "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^( *)([^ *:]+) ?(\\*?)(:|$)")
      continue()
    endif()
    set(name "${CMAKE_MATCH_2}")
    set(enabled "${CMAKE_MATCH_3}")
    string(LENGTH "${CMAKE_MATCH_1}" depth)
    math(EXPR depth "${depth} / 4")
    list(SUBLIST stack 0 ${depth} stack)
    list(JOIN stack "/" parent)
    # What turned out to have children is a suite, not a case.
    list(REMOVE_ITEM paths "${parent}")
    list(APPEND stack "${name}")
    list(JOIN stack "/" path)
    if(name MATCHES "^_[0-9]+$")
      set(path "${parent}")
    endif()
    list(APPEND paths "${path}")
    if(NOT enabled)
      list(APPEND disabled "${path}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES paths)
  set(${paths_result} "${paths}" PARENT_SCOPE)
  set(${disabled_result} "${disabled}" PARENT_SCOPE)
endfunction()

# add_test and set_tests_properties, in the form that CTest reads.
function(lockstep_write_boost_tests)
  set(script "")
  execute_process(
    COMMAND "${program}" --list_content=HRF --color_output=no
    OUTPUT_VARIABLE out ERROR_VARIABLE tree RESULT_VARIABLE status TIMEOUT 60
  )
  # Boost.Test lists to standard error; later versions may choose otherwise.
  lockstep_boost_test_paths("${tree}${out}" paths disabled)
  if(NOT status EQUAL 0 OR NOT paths)
    string(APPEND script
      "# exit status: ${status}\n"
      "add_test([==[${prefix}cannot list its cases]==] [==[${program}]==] --list_content=HRF)\n"
      "set_tests_properties([==[${prefix}cannot list its cases]==] PROPERTIES"
      " PASS_REGULAR_EXPRESSION [==[a program that lists no case cannot pass]==])\n")
  endif()
  foreach(path IN LISTS paths)
    string(REPLACE "/" "." name "${prefix}${path}")
    # System errors are CTest's and the sanitizers' to report, not to be caught.
    string(APPEND script
      "add_test([==[${name}]==] [==[${program}]==]"
      " [==[--run_test=${path}]==] --catch_system_errors=no --color_output=no)\n"
      "set_tests_properties([==[${name}]==] PROPERTIES")
    foreach(word IN LISTS properties)
      string(APPEND script " [==[${word}]==]")
    endforeach()
    if(path IN_LIST disabled)
      string(APPEND script " DISABLED TRUE")
    endif()
    string(APPEND script ")\n")
  endforeach()
  file(WRITE "${list}" "${script}")
endfunction()

if(NOT EXISTS "${program}")
  add_test("${prefix}is not built" "${program}")
else()
  if("${program}" IS_NEWER_THAN "${list}" OR "${CMAKE_CURRENT_LIST_FILE}" IS_NEWER_THAN "${list}")
    lockstep_write_boost_tests()
  endif()
  include("${list}")
endif()
