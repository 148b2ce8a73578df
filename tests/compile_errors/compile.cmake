# Compiles SOURCE twice with COMPILER: it must fail with the one error of its first line, and
# succeed where it is correct.
list(TRANSFORM INCLUDES PREPEND "-I")
file(STRINGS "${SOURCE}" first LIMIT_COUNT 1)
string(REPLACE "// error: " "" expected "${first}")

function(compile)
  execute_process(COMMAND "${COMPILER}" -std=c++20 -fsyntax-only ${INCLUDES} ${ARGN} "${SOURCE}"
    RESULT_VARIABLE status ERROR_VARIABLE errors OUTPUT_VARIABLE errors)
  set(status "${status}" PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

compile(-DCORRECT)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the correct form does not compile:\n${errors}")
endif()

compile()
string(FIND "${errors}" "${expected}" found)
string(REGEX MATCHALL "error: " all "${errors}")
list(LENGTH all count)
if(status EQUAL 0 OR found EQUAL -1)
  message(FATAL_ERROR "expected the error: ${expected}\n${errors}")
elseif(count GREATER 1)
  message(FATAL_ERROR "${count} errors where one tells it:\n${errors}")
endif()
