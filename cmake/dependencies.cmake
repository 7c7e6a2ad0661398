# SPDX-License-Identifier: Apache-2.0
# Everything comes from the distribution's packages; nothing is downloaded while building.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# Asio, Beast and Process v2 are used header-only; Process v2 needs 1.81, and became a compiled library later.
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 OLD)
endif()
find_package(Boost 1.81 REQUIRED OPTIONAL_COMPONENTS process)
add_library(lemu_boost INTERFACE)
target_link_libraries(lemu_boost INTERFACE Boost::headers Threads::Threads)
if(TARGET Boost::process)
  target_link_libraries(lemu_boost INTERFACE Boost::process)
endif()
target_compile_definitions(lemu_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)
# Beast asserts that at least 5 bytes of a body's last chunk are there, where a client may send the fourth by itself
# (basic_parser::parse_chunk_header, Boost 1.81). Its code is right without: so builds with assertions have only lemu's.
target_compile_definitions(lemu_boost INTERFACE BOOST_DISABLE_ASSERTS)

# GCC's thread sanitizer does not know the fences Asio puts around handlers; lemu has one thread and needs none.
if(LEMU_SANITIZER STREQUAL "thread")
  target_compile_definitions(lemu_boost INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(doctest REQUIRED)

pkg_check_modules(ZLIB REQUIRED zlib)  # checksums of event streams

# libarchive's own list of what a static link of it needs, less what only its other formats and its disk reader
# call (xml2: xar; lz4: a filter; acl: files on disk). A zip reader links without them, so nobody installs them.
pkg_check_modules(LIBARCHIVE REQUIRED libarchive)
add_library(lemu_archive INTERFACE)
target_include_directories(lemu_archive SYSTEM INTERFACE ${LIBARCHIVE_INCLUDE_DIRS})
if(LEMU_STATIC)
  set(LEMU_ARCHIVE_LIBRARIES ${LIBARCHIVE_STATIC_LIBRARIES})
  list(REMOVE_DUPLICATES LEMU_ARCHIVE_LIBRARIES)
  list(FILTER LEMU_ARCHIVE_LIBRARIES EXCLUDE REGEX "^(acl|lz4|xml2|icu[a-z0-9]*)$")
  target_link_libraries(lemu_archive INTERFACE ${LEMU_ARCHIVE_LIBRARIES})
else()
  target_link_libraries(lemu_archive INTERFACE ${LIBARCHIVE_LIBRARIES})
endif()

# What the daemon must remember.
find_package(SQLite3 REQUIRED)
add_library(lemu_sqlite INTERFACE)
target_include_directories(lemu_sqlite SYSTEM INTERFACE ${SQLite3_INCLUDE_DIRS})
if(LEMU_STATIC)
  find_library(LEMU_SQLITE_ARCHIVE libsqlite3.a REQUIRED)
  target_link_libraries(lemu_sqlite INTERFACE ${LEMU_SQLITE_ARCHIVE} m Threads::Threads)
else()
  target_link_libraries(lemu_sqlite INTERFACE ${SQLite3_LIBRARIES})
endif()

# The daemon's log. Distributions have spdlog, and the fmt below it, as shared libraries: both are used header-only.
find_package(spdlog REQUIRED)
add_library(lemu_spdlog INTERFACE)
target_include_directories(lemu_spdlog SYSTEM INTERFACE
  $<TARGET_PROPERTY:spdlog::spdlog_header_only,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_definitions(lemu_spdlog INTERFACE FMT_HEADER_ONLY
  $<TARGET_PROPERTY:spdlog::spdlog_header_only,INTERFACE_COMPILE_DEFINITIONS>)

# Configuration files.
find_package(yaml-cpp REQUIRED)
find_path(LEMU_YAML_INCLUDE yaml-cpp/yaml.h REQUIRED)
add_library(lemu_yaml INTERFACE)
target_include_directories(lemu_yaml SYSTEM INTERFACE ${LEMU_YAML_INCLUDE})
if(LEMU_STATIC)
  find_library(LEMU_YAML_ARCHIVE libyaml-cpp.a REQUIRED)
  target_link_libraries(lemu_yaml INTERFACE ${LEMU_YAML_ARCHIVE})
else()
  target_link_libraries(lemu_yaml INTERFACE yaml-cpp)
endif()
