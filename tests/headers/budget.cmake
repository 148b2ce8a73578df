# Including the umbrella costs less than twice what <mutex>, <memory> and <string> cost together, in preprocessed lines.
# In: COMPILER, INCLUDES (directories), OUTPUT (a directory to write to). See docs/include-cost.md.
list(TRANSFORM INCLUDES PREPEND "-I")

# preprocessed(<name> <header>...): sets <name> to how many lines that are not blank the preprocessor hands on.
function(preprocessed name)
  set(source "")
  foreach(header IN LISTS ARGN)
    string(APPEND source "#include <${header}>\n")
  endforeach()
  file(WRITE "${OUTPUT}/${name}.cpp" "${source}")
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 ${INCLUDES} -E -P "${OUTPUT}/${name}.cpp"
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY
  )
  string(REGEX REPLACE "\n[ \t\n]*" "\n" text "\n${text}")
  string(REGEX REPLACE "[^\n]" "" newlines "${text}")
  string(LENGTH "${newlines}" lines)
  math(EXPR lines "${lines} - 1")
  set(${name} ${lines} PARENT_SCOPE)
endfunction()

preprocessed(three mutex memory string)
preprocessed(umbrella lockstep/lockstep.hpp)
message(STATUS "<lockstep/lockstep.hpp>: ${umbrella} lines; <mutex>, <memory> and <string>: ${three}")
math(EXPR budget "2 * ${three}")
if(NOT umbrella LESS budget)
  message(FATAL_ERROR "<lockstep/lockstep.hpp> is beyond its budget of ${budget} lines; bench/include-cost says of what")
endif()
