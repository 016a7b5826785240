# slicebus_library(name SOURCES a.cpp … [ALONE d.cpp …] DEPS slicebus::b PkgConfig::C …)  a static library, also named slicebus::name
#   ALONE: sources whose own names are also those of another one, so that they cannot be read as one text.
# slicebus_program(name SOURCES main.cpp DEPS …)                          an executable in bin/
# slicebus_test(name SOURCES a_test.cpp … DEPS … [LABELS …] [TIMEOUT s] [LONG])   a Boost.Test program, run by ctest
#   LONG: registered under the label "long" and left out of the default run; ./run-tests --long runs it.
set(SLICEBUS_SOURCES_AT_ONCE 1 CACHE STRING
    "How many sources of a library the compiler reads as one text: more make a clean build faster, fewer a change")

function(slicebus_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES} ${ARG_ALONE})
    set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    if(SLICEBUS_SOURCES_AT_ONCE GREATER 1)
      set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${SLICEBUS_SOURCES_AT_ONCE})
    endif()
    target_link_libraries(${name} PUBLIC slicebus_flags ${ARG_DEPS})
    target_precompile_headers(${name} REUSE_FROM precompiled)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE slicebus_flags ${ARG_DEPS})
  endif()
  add_library(slicebus::${name} ALIAS ${name})
endfunction()

function(slicebus_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE slicebus_flags ${ARG_DEPS})
  target_precompile_headers(${name} REUSE_FROM precompiled)
endfunction()

function(slicebus_test name)
  cmake_parse_arguments(ARG "LONG" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE slicebus::test_main ${ARG_DEPS} slicebus_test_flags)
  target_precompile_headers(${name} REUSE_FROM test_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} --log_level=test_suite --color_output=no)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(ARG_LONG)
    list(APPEND ARG_LABELS long)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
      ENVIRONMENT "SLICEBUS_BIN=${CMAKE_BINARY_DIR}/bin;SLICEBUS_SOURCE=${CMAKE_SOURCE_DIR};TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/thread_sanitizer.supp")
endfunction()
