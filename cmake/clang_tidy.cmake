# cmake --preset tidy && cmake --build --preset tidy: clang-tidy, as .clang-tidy says, over all but the tests.
# It compiles nothing. The sources of a library are read as one text (a unity build): nearly all of the time goes into the headers.
option(SLICEBUS_CLANG_TIDY "Make the target tidy" OFF)
if(SLICEBUS_CLANG_TIDY)
  find_program(RUN_CLANG_TIDY run-clang-tidy-16)
  if(NOT RUN_CLANG_TIDY)
    message(FATAL_ERROR "run-clang-tidy-16 is not there; packaging/install-packages tidy installs it")
  endif()
  add_custom_target(tidy USES_TERMINAL VERBATIM
    COMMAND ${RUN_CLANG_TIDY} -quiet -p ${CMAKE_BINARY_DIR} "^${CMAKE_SOURCE_DIR}/(build/tidy/)?(common|broker|worker|master|cli)/")
endif()
