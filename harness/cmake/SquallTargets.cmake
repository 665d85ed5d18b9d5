# The two ways to make a target in this project. Every folder uses these and nothing else.
include_guard(GLOBAL)

set(CMAKE_CXX_EXTENSIONS OFF)

# Paths below this folder are hashed as relative ones: every clone on a machine finds what another compiled.
find_program(SQUALL_CCACHE ccache)
if(SQUALL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SQUALL_CCACHE})
endif()

# Debian's own Python, which the set-up installs, rather than a wrapper that is earlier in PATH.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()

add_library(squall_flags INTERFACE)
target_compile_features(squall_flags INTERFACE cxx_std_20)
target_compile_options(squall_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor)
if(SQUALL_WERROR)
  target_compile_options(squall_flags INTERFACE -Werror)
endif()
if(SQUALL_SANITIZE)  # "address,undefined" or "thread"; a plain if(): the comma would break $<BOOL:...>
  target_compile_options(squall_flags INTERFACE -fsanitize=${SQUALL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(squall_flags INTERFACE -fsanitize=${SQUALL_SANITIZE})
  if(SQUALL_SANITIZE MATCHES thread)  # Asio's fences; TSan warns that it cannot see them.
    target_compile_options(squall_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()

if(SQUALL_FUZZ)  # Every library then counts its branches for libFuzzer; tests/fuzz links the engine.
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "SQUALL_FUZZ needs Clang; use the preset fuzz")
  endif()
  target_compile_options(squall_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # Clang's -Wconversion has -Wsign-conversion in it, GCC's has not; GCC is the one that decides.
  target_compile_options(squall_flags INTERFACE -Wno-sign-conversion)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)  # Asio does not find Clang's older coroutines itself.
    target_compile_definitions(squall_flags INTERFACE BOOST_ASIO_HAS_CO_AWAIT=1 BOOST_ASIO_HAS_STD_COROUTINE=1)
  endif()
endif()

# squall_library(<name> HEADERS <...> [SOURCES <...>] [USES <...>] [USES_PRIVATELY <...>])
# Makes the static library squall::<name>. Headers are included by their path from the root.
function(squall_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;SOURCES;USES;USES_PRIVATELY")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "squall_library(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(arg_SOURCES)
    add_library(squall_${name} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(squall_${name} PRIVATE squall_flags ${arg_USES_PRIVATELY})
  else()
    add_library(squall_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(squall::${name} ALIAS squall_${name})
  # A header with a source of the same name is the first that this includes (a lint holds it), and so
  # is compiled alone there. `cmake --build . -t all_verify_interface_header_sets` does so with the rest.
  set(alone ${arg_HEADERS})
  foreach(source IN LISTS arg_SOURCES)
    string(REGEX REPLACE "\\.cc$" ".h" header ${source})
    list(REMOVE_ITEM alone ${header})
  endforeach()
  set(proven ${arg_HEADERS})
  list(REMOVE_ITEM proven ${alone})
  target_sources(squall_${name} ${scope}
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${proven}
    FILE_SET alone TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${alone})
  target_compile_features(squall_${name} ${scope} cxx_std_20)
  target_link_libraries(squall_${name} ${scope} ${arg_USES})
  set_target_properties(squall_${name} PROPERTIES
    VERIFY_INTERFACE_HEADER_SETS ON INTERFACE_HEADER_SETS_TO_VERIFY alone)
endfunction()

# squall_test(<name> SOURCES <...> USES <...> [LABELS <...>] [TIMEOUT <seconds>] [RUN_SERIAL])
# Each TEST of it is one test of ctest. RUN_SERIAL: it needs something of which the machine has one
# (a fixed port, all the processors), so nothing may run beside it.
function(squall_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "RUN_SERIAL" "TIMEOUT" "SOURCES;USES;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "squall_test(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE squall_flags ${arg_USES} GTest::gmock_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  # Half of all that is compiled are tests, whose own speed nobody waits for: a third less time.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1;-g1>)
  set(properties TIMEOUT ${arg_TIMEOUT})
  if(arg_RUN_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  gtest_discover_tests(${name} PROPERTIES ${properties})
  # A list of labels does not survive gtest_discover_tests, so ctest is told them after it.
  set(labels_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake)
  file(CONFIGURE OUTPUT ${labels_file} @ONLY CONTENT
    "if(@name@_TESTS)\n  set_tests_properties(\${@name@_TESTS} PROPERTIES LABELS \"@arg_LABELS@\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${labels_file})
  if("unit" IN_LIST arg_LABELS)
    squall_unit_test(${name})
  endif()
endfunction()

# squall_unit_test(<target>): `cmake --build . -t unit_tests` builds it. What the sanitizers run.
function(squall_unit_test target)
  if(NOT TARGET unit_tests)
    add_custom_target(unit_tests)
  endif()
  add_dependencies(unit_tests ${target})
endfunction()
