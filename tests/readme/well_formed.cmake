# Fails with every complaint about the blocks of TEXTS. In: TEXTS, ROOT, PRELUDES, OUTPUT.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/MarkdownCode.cmake")

foreach(text IN LISTS TEXTS)
  lockstep_markdown_programs("${text}" "${ROOT}" "${PRELUDES}" "${OUTPUT}" lines errors)
  foreach(error IN LISTS errors)
    message(SEND_ERROR "${error}")
  endforeach()
endforeach()
