# Read by CMake right after llama-cpp-python's own project() line, see CMAKE_PROJECT_llama_cpp_INCLUDE in engine_wheel.py.
# It leaves the source archive as it is, and decides four things about it.

# 1. The binding never calls llama-common. Its CMakeLists.txt forces the cache entry on; a plain variable hides that
# (policy CMP0126, which is as old as the CMake that is asked for).
set(LLAMA_BUILD_COMMON OFF)

# 2. Of the CPU variants, those that differ in speed; docs/decisions/0011-one-wheel-many-cpus.md has the figures.
set(LANTERN_VARIANTS
    sse42 sandybridge haswell alderlake skylakex cascadelake cooperlake sapphirerapids
    armv8.0_1 armv8.2_2 armv8.6_1 armv8.6_2)

# 4. The header says why.
set(LANTERN_TILE_CONFIG ${CMAKE_CURRENT_LIST_DIR}/tile_config.h)

include(CheckCXXCompilerFlag)
cmake_language(DEFER CALL lantern_finish)

function(lantern_finish)
    get_property(targets DIRECTORY vendor/llama.cpp/ggml/src PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
        if(NOT target MATCHES "-feats$" AND target MATCHES "^ggml-cpu-(.+)")
            lantern_keep_or_empty(${target} ${CMAKE_MATCH_1})
        endif()
    endforeach()
    # 3. One file for each library. A wheel has no links, so each of the three names of a versioned library would be a copy.
    foreach(target IN ITEMS llama ggml ggml-base ggml-cpu)
        if(TARGET ${target})
            set_property(TARGET ${target} PROPERTY VERSION)
            set_property(TARGET ${target} PROPERTY SOVERSION)
        endif()
    endforeach()
endfunction()

function(lantern_keep_or_empty target variant)
    get_target_property(options ${target} COMPILE_OPTIONS)
    list(FILTER options INCLUDE REGEX "^-m")
    string(JOIN " " flags ${options})
    check_cxx_compiler_flag("${flags}" LANTERN_COMPILES_${variant})
    if(variant IN_LIST LANTERN_VARIANTS AND LANTERN_COMPILES_${variant})
        llama_cpp_python_install_target(${target})
        if(variant STREQUAL sapphirerapids)
            target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${LANTERN_TILE_CONFIG}>")
        endif()
        message(STATUS "CPU variant ${variant}: ${flags}")
        return()
    endif()
    # ggml depends on every variant, so the target has to stay; without its sources it costs nothing and is not installed.
    file(WRITE ${CMAKE_BINARY_DIR}/left-out.c "")
    set_property(TARGET ${target} PROPERTY SOURCES ${CMAKE_BINARY_DIR}/left-out.c)
    set_property(TARGET ${target} PROPERTY COMPILE_OPTIONS)
    set_property(TARGET ${target} PROPERTY LINK_LIBRARIES)
    set_property(TARGET ${target}-feats PROPERTY SOURCES ${CMAKE_BINARY_DIR}/left-out.c)
endfunction()
