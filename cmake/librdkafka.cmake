# Sets cdc_rdkafka, the target, and CDC_RDKAFKA_VERSION; CDC_RDKAFKA_LICENCES where the library becomes part of the tools.
#
# Debian's 2.0.2 cannot log in to Kafka 4 by SCRAM, so the library that scripts/install-deps built is linked,
# statically, where it is there. It has no Kerberos: CDC_LIBRDKAFKA=system links Debian's.
set(folder "")
if(CDC_LIBRDKAFKA STREQUAL "auto")
    if(DEFINED ENV{CDC_CACHE_DIR})
        set(folder $ENV{CDC_CACHE_DIR}/librdkafka)
    elseif(DEFINED ENV{XDG_CACHE_HOME})
        set(folder $ENV{XDG_CACHE_HOME}/cdc-toolkit/librdkafka)
    else()
        set(folder $ENV{HOME}/.cache/cdc-toolkit/librdkafka)
    endif()
    if(NOT EXISTS ${folder}/lib/librdkafka.a)
        set(folder "")
    endif()
elseif(NOT CDC_LIBRDKAFKA STREQUAL "system")
    set(folder ${CDC_LIBRDKAFKA})
    if(NOT EXISTS ${folder}/lib/librdkafka.a)
        message(FATAL_ERROR "CDC_LIBRDKAFKA is '${folder}', where there is no lib/librdkafka.a")
    endif()
endif()

add_library(cdc_rdkafka INTERFACE)
if(folder)
    # Not by pkg-config: it would give the same library as -L and -l, and Debian's beside it might be taken.
    add_library(rdkafka_static STATIC IMPORTED)
    set_target_properties(rdkafka_static PROPERTIES
        IMPORTED_LOCATION ${folder}/lib/librdkafka.a
        INTERFACE_INCLUDE_DIRECTORIES ${folder}/include
        INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto;PkgConfig::ZSTD;ZLIB::ZLIB;Threads::Threads;${CMAKE_DL_LIBS};m")
    target_link_libraries(cdc_rdkafka INTERFACE rdkafka_static)
    file(STRINGS ${folder}/lib/pkgconfig/rdkafka.pc version REGEX "^Version:")
    string(REGEX REPLACE "^Version: *" "" CDC_RDKAFKA_VERSION "${version}")
    set(CDC_RDKAFKA_LICENCES ${folder}/LICENSES.txt)
    set(CDC_RDKAFKA_FROM "static")
else()
    pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
    target_link_libraries(cdc_rdkafka INTERFACE PkgConfig::RDKAFKA)
    set(CDC_RDKAFKA_VERSION ${RDKAFKA_VERSION})
    set(CDC_RDKAFKA_FROM "the system's")
endif()
