# Installation: library, header, CMake package, pkg-config file and tool; everything by relative paths, so the folder
# may be moved. mot::mot is the shared library; mot::mot_static needs jansson and OpenMP and is there where those are.
include(CMakePackageConfigHelpers)
set(MOT_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mot)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/kernels/include/mot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "mot.h")
set_target_properties(mot_shared PROPERTIES EXPORT_NAME mot)
add_library(mot::mot ALIAS mot_shared) # the same names in the tree of a project that adds this one as a folder
add_library(mot::mot_static ALIAS mot_static)
foreach(kind shared static)
  install(TARGETS mot_${kind} EXPORT mot-${kind}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT mot-${kind} NAMESPACE mot:: DESTINATION ${MOT_CMAKE_DIR})
endforeach()
if(MOT_CUDA)
  install(FILES ${PROJECT_SOURCE_DIR}/kernels/include/mot/cuda.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mot)
  install(TARGETS mot_cuda EXPORT mot-cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT mot-cuda NAMESPACE mot:: DESTINATION ${MOT_CMAKE_DIR})
endif()
if(TARGET motbench)
  install(TARGETS motbench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mot-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mot-config.cmake
                              INSTALL_DESTINATION ${MOT_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mot-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mot-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/mot-config-version.cmake
        DESTINATION ${MOT_CMAKE_DIR})

file(RELATIVE_PATH MOT_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
if(MOT_HAVE_OPENMP)
  set(MOT_PC_OPENMP ${OpenMP_C_FLAGS})
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/mot.pc.in ${CMAKE_CURRENT_BINARY_DIR}/mot.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mot.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
