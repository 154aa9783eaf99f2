# Every outside library, as one imported target each. Debian 12 names stand in deploy/install-deps.
find_package(Threads REQUIRED)
find_package(Protobuf CONFIG QUIET)
if(NOT TARGET protobuf::libprotobuf)
  find_package(Protobuf REQUIRED)
endif()
find_package(gRPC CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark CONFIG REQUIRED)

find_package(PkgConfig REQUIRED)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(cap REQUIRED IMPORTED_TARGET libcap)
pkg_check_modules(mnl REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(nettle REQUIRED IMPORTED_TARGET nettle)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Standalone Asio. The two definitions about coroutines are needed by clang, which Asio 1.22 does not recognise as able.
# Whether Asio 1.22 takes aligned_alloc depends on what was included before it, and so differs between files: never.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(aloha_asio INTERFACE)
target_compile_definitions(aloha_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_HAS_CO_AWAIT
                                                ASIO_HAS_STD_COROUTINE ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_include_directories(aloha_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
target_link_libraries(aloha_asio INTERFACE Threads::Threads)

# BoringSSL: Debian's android-libboringssl-dev, or any installation under BoringSSL_ROOT.
find_path(BORINGSSL_INCLUDE_DIR openssl/base.h HINTS ${BoringSSL_ROOT}/include PATHS /usr/include/android
          NO_DEFAULT_PATH REQUIRED)
find_library(BORINGSSL_SSL ssl HINTS ${BoringSSL_ROOT}/lib PATHS /usr/lib/${CMAKE_CXX_LIBRARY_ARCHITECTURE}/android
             NO_DEFAULT_PATH REQUIRED)
find_library(BORINGSSL_CRYPTO crypto HINTS ${BoringSSL_ROOT}/lib
             PATHS /usr/lib/${CMAKE_CXX_LIBRARY_ARCHITECTURE}/android NO_DEFAULT_PATH REQUIRED)
add_library(aloha_boringssl INTERFACE)
target_include_directories(aloha_boringssl SYSTEM INTERFACE ${BORINGSSL_INCLUDE_DIR})
target_link_libraries(aloha_boringssl INTERFACE ${BORINGSSL_SSL} ${BORINGSSL_CRYPTO})
# What is installed finds it where it was linked; what has none of it does not look there.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# OpenSSL 3: libcrypto for aloha-keys, libssl as well for aloha-gateway; never in one process with BoringSSL.
pkg_check_modules(openssl REQUIRED IMPORTED_TARGET libcrypto>=3.0)
add_library(aloha_openssl INTERFACE)
target_link_libraries(aloha_openssl INTERFACE PkgConfig::openssl)
pkg_check_modules(openssl_tls REQUIRED IMPORTED_TARGET libssl>=3.0)
add_library(aloha_openssl_tls INTERFACE)
target_link_libraries(aloha_openssl_tls INTERFACE PkgConfig::openssl_tls aloha_openssl)

# llhttp: Debian's node-llhttp brings its sources, to be compiled in; strict, as Node.js does not by default.
find_path(LLHTTP_INCLUDE_DIR llhttp/llhttp.h HINTS ${LLHTTP_ROOT}/include PATHS /usr/share/include REQUIRED)
find_path(LLHTTP_SOURCE_DIR llhttp.c HINTS ${LLHTTP_ROOT}/src PATHS /usr/share/llhttp REQUIRED)
add_library(aloha_llhttp STATIC ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c ${LLHTTP_SOURCE_DIR}/llhttp.c)
target_compile_definitions(aloha_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_include_directories(aloha_llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR} PRIVATE ${LLHTTP_INCLUDE_DIR}/llhttp)

# RESTinio over standalone Asio, as aloha_asio sets it up.
find_path(RESTINIO_INCLUDE_DIR restinio/all.hpp REQUIRED)
find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)
add_library(aloha_restinio INTERFACE)
target_include_directories(aloha_restinio SYSTEM INTERFACE ${RESTINIO_INCLUDE_DIR})
target_link_libraries(aloha_restinio INTERFACE aloha_asio fmt::fmt ${HTTP_PARSER_LIBRARY})
