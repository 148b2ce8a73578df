# The test of cmake/MarkdownCode.cmake itself, on texts made here. In: COMPILER, OUTPUT.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/MarkdownCode.cmake")

set(root "${OUTPUT}/project")
file(REMOVE_RECURSE "${OUTPUT}")
file(MAKE_DIRECTORY "${root}/scripts")
file(TOUCH "${root}/scripts/sim")
file(WRITE "${root}/CMakePresets.json" [[{ "configurePresets": [{ "name": "dev" }] }]])
file(WRITE "${root}/preludes/account.cpp" [[
struct Account { int balance = 100; };
int main() {
  Account account;
  // [snippet]
  return account.balance == 125 ? 0 : wrong;
}
]])
file(WRITE "${root}/preludes/empty.cpp" "int main() {}\n")

# programs(<text>): sets lines and errors.
function(programs text)
  file(WRITE "${root}/text.md" "${text}")
  lockstep_markdown_programs("${root}/text.md" "${root}" "${root}/preludes" "${OUTPUT}/programs" lines errors)
  set(lines "${lines}" PARENT_SCOPE)
  set(errors "${errors}" PARENT_SCOPE)
endfunction()

# equal(<what> <actual> <expected>)
function(equal what actual expected)
  if(NOT actual STREQUAL expected)
    message(SEND_ERROR "${what}: expected\n${expected}\nfound\n${actual}")
  endif()
endfunction()

# A program is taken as it stands, whatever characters CMake minds, empty lines included.
set(program [==[
int main() {
  int a[] = {1, 2};  // [a; b] \

  const char* text = "a;b\n]] ${x} @y@";

  return a[0] - 1 + (text == nullptr);
}
]==])
programs("# Title\n\n```cpp\n${program}```\n\n```text\nint main( unclosed [ \\\n```\n")
equal("a program's line" "${lines}" 4)
equal("a program's complaints" "${errors}" "")
file(READ "${OUTPUT}/programs/4.cpp" written)
equal("a program" "${written}" "#line 4 \"${root}/text.md\"\n${program}")

# A snippet goes where its prelude says, and errors name the line each part came from.
programs("<!-- prelude: account -->\n\n```cpp\naccount.balance += 25;\naccount.missing;\n```\n")
equal("a snippet's line" "${lines}" 4)
execute_process(COMMAND "${COMPILER}" -std=c++20 -fsyntax-only "${OUTPUT}/programs/4.cpp" ERROR_VARIABLE said)
foreach(expected IN ITEMS "text.md:5:" "account.cpp:5:")
  if(NOT said MATCHES "${expected}")
    message(SEND_ERROR "The compiler's errors do not name ${expected}:\n${said}")
  endif()
endforeach()

# A prelude holds for the next block only.
programs("<!-- prelude: account -->\n```cpp\naccount = {};\n```\n```cpp\naccount = {};\n```\n")
equal("programs with one prelude" "${lines}" 3)
equal("a snippet without prelude" "${errors}"
  "text.md:6: this block is no program (int main) and has no prelude before it")

# What is complained about.
programs("```\nplain\n```\n")
equal("no language" "${errors}" "text.md:2: this block names no language")
programs("```c++\nint main() {}\n```\n")
equal("unknown language" "${errors}" "text.md:2: this block's language is none of cpp, sh, cmake, text, json")
programs("<!-- prelude: nobody -->\n```cpp\nx\n```\n")
equal("unknown prelude" "${errors}" "text.md:3: there is no prelude ${root}/preludes/nobody.cpp")
programs("<!-- prelude: empty -->\n```cpp\nx\n```\n")
equal("prelude without a place" "${errors}"
  "text.md:3: the prelude ${root}/preludes/empty.cpp has no line // [snippet]")
programs("```cpp\nint main() {}\n")
equal("unclosed block" "${errors}" "text.md:2: this block does not end")

# Shell blocks name what is there.
programs("```sh\nscripts/sim list\n$ ./scripts/sim\ncmake --workflow --preset dev\n```\n")
equal("shell commands that exist" "${errors}" "")
programs("```sh\nscripts/gone --all\ncmake --preset debug\n```\n")
equal("shell commands that do not" "${errors}"
  "text.md:2: there is no scripts/gone;text.md:2: there is no preset debug")
