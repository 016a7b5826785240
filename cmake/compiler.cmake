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
# gcc 12 takes the alternatives of a std::variant that is moved from for uninitialised: that one warning is off.
target_compile_options(slicebus_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow=local -Wno-missing-field-initializers -Wno-maybe-uninitialized)
if(SLICEBUS_WERROR)
  target_compile_options(slicebus_flags INTERFACE -Werror)
endif()
if(SLICEBUS_SANITIZE)
  target_compile_options(slicebus_flags INTERFACE -fsanitize=${SLICEBUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1)
  target_link_options(slicebus_flags INTERFACE -fsanitize=${SLICEBUS_SANITIZE})
endif()
if(SLICEBUS_COVERAGE)
  target_compile_options(slicebus_flags INTERFACE --coverage)
  target_link_options(slicebus_flags INTERFACE --coverage)
endif()
# Asserts stay on in release (common/assert.hpp does not look at NDEBUG); -g1 keeps stack traces readable.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-g1")

find_program(SLICEBUS_CCACHE ccache)
if(SLICEBUS_CCACHE)
  # Precompiled headers need the sloppiness; paths relative to the tree let every checkout share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${SLICEBUS_CCACHE})
endif()
