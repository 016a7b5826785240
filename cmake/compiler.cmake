# Language level, warnings, sanitizers, ccache: one place for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(SLICEBUS_WERROR "Treat warnings as errors" OFF)
option(SLICEBUS_COVERAGE "Instrument for gcov" OFF)
set(SLICEBUS_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")

add_library(slicebus_flags INTERFACE)
target_include_directories(slicebus_flags INTERFACE ${CMAKE_SOURCE_DIR})
# Three warnings of gcc 12 are off. It takes the alternatives of a std::variant that is moved from for uninitialised, and, optimising,
# the buffer of a std::string that is moved from for too small.
target_compile_options(slicebus_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow=local -Wno-missing-field-initializers
    -Wno-maybe-uninitialized $<$<CONFIG:Release>:-Wno-array-bounds> $<$<CONFIG:Release>:-Wno-stringop-overflow>)
if(SLICEBUS_WERROR)
  target_compile_options(slicebus_flags INTERFACE -Werror)
endif()
if(SLICEBUS_SANITIZE)
  target_compile_options(slicebus_flags INTERFACE -fsanitize=${SLICEBUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(SLICEBUS_SANITIZE MATCHES "undefined")
    # A check at each member access for a fifth of the build's time; the address sanitizer reports a null as well.
    target_compile_options(slicebus_flags INTERFACE -fno-sanitize=null,alignment)
  elseif(SLICEBUS_SANITIZE MATCHES "thread")
    target_compile_options(slicebus_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)  # as above
  endif()
  target_link_options(slicebus_flags INTERFACE -fsanitize=${SLICEBUS_SANITIZE})
endif()
if(SLICEBUS_COVERAGE)
  target_compile_options(slicebus_flags INTERFACE --coverage)
  target_link_options(slicebus_flags INTERFACE --coverage)
endif()
# Asserts stay on in release (common/assert.hpp does not look at NDEBUG); -g1 keeps stack traces readable.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-g1 -O1")

# The texts of the tests themselves: g++ needs three times as long to optimise and instrument Boost.Test's expressions as to
# compile them. What they test keeps every sanitizer.
add_library(slicebus_test_flags INTERFACE)
target_compile_options(slicebus_test_flags INTERFACE $<$<CONFIG:Debug>:-O0>)
if(SLICEBUS_SANITIZE MATCHES "undefined")
  target_compile_options(slicebus_test_flags INTERFACE -fno-sanitize=undefined)
endif()

find_program(SLICEBUS_CCACHE ccache)
if(SLICEBUS_CCACHE)
  # Paths relative to the tree let every checkout share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/cmake/compile)
endif()
