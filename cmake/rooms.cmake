# SPDX-License-Identifier: Apache-2.0
# A room is a folder, a CMake target and a sentence in ARCHITECTURE.md. Rooms see only those below them:
# lemu_room(NAME SOURCES … SEES …) checks every quoted #include of the folder while configuring.

function(lemu_check_includes room sees)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  foreach(file ${files})
    file(STRINGS ${file} includes REGEX "^#include \"")
    foreach(line ${includes})
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" path "${line}")
      get_filename_component(owner "${path}" DIRECTORY)
      if(owner STREQUAL "")
        message(FATAL_ERROR "${file}: #include \"${path}\" must start with its room's name")
      elseif(NOT owner STREQUAL room AND NOT owner IN_LIST sees)
        message(FATAL_ERROR "${file}: room '${room}' does not see '${owner}' (#include \"${path}\"); "
                            "it sees: ${sees}")
      endif()
    endforeach()
  endforeach()
endfunction()

# lemu_room(base SOURCES a.cpp … [SEES room …] [LIBRARIES target …])
# makes the static library lemu_<room with / as _>.
function(lemu_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;SEES;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target "lemu_${room}")
  lemu_check_includes(${room} "${ARG_SEES}")
  add_library(${target} STATIC ${ARG_SOURCES})
  target_link_libraries(${target} PUBLIC lemu_build)
  foreach(lower ${ARG_SEES})
    string(REPLACE "/" "_" lower_target "lemu_${lower}")
    target_link_libraries(${target} PUBLIC ${lower_target})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBRARIES})
endfunction()

# lemu_unit_tests(base SOURCES a_test.cpp … [SEES target …]): the executable unit_<room>, known to ctest.
function(lemu_unit_tests room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" name ${room})
  add_executable(unit_${name} ${ARG_SOURCES})
  target_link_libraries(unit_${name} PRIVATE lemu_${name} ${ARG_LIBRARIES} lemu_doctest)
  add_test(NAME unit_${name} COMMAND unit_${name})
endfunction()
