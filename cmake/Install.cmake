# What `cmake --install` puts down: headers, the simulator, a CMake package with components
# and pkg-config files. Nothing in it names a path of this machine: it can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lockstep")

# One export per component, so that a consumer loads, and needs the packages of, only those
# it asks for.
install(TARGETS lockstep EXPORT lockstepTargets FILE_SET HEADERS)
install(EXPORT lockstepTargets NAMESPACE lockstep:: DESTINATION "${package_dir}")
set(pc_files lockstep)
foreach(component IN ITEMS hmac postgres sim sqlite)
  if(TARGET lockstep_${component})
    install(TARGETS lockstep_${component} EXPORT lockstep-${component}Targets FILE_SET HEADERS)
    install(EXPORT lockstep-${component}Targets NAMESPACE lockstep:: DESTINATION "${package_dir}")
    list(APPEND pc_files lockstep-${component})
  endif()
endforeach()
if(TARGET lockstep-sim)
  install(TARGETS lockstep-sim)
endif()

configure_package_config_file(
  cmake/lockstepConfig.cmake.in "${PROJECT_BINARY_DIR}/lockstepConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO
)
# Before 1.0 a minor version may change the interface. Headers alone serve any processor.
if(TARGET lockstep_sim)
  set(arch_independent "")
else()
  set(arch_independent ARCH_INDEPENDENT)
endif()
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/lockstepConfigVersion.cmake" COMPATIBILITY SameMinorVersion ${arch_independent}
)
install(
  FILES "${PROJECT_BINARY_DIR}/lockstepConfig.cmake" "${PROJECT_BINARY_DIR}/lockstepConfigVersion.cmake"
  DESTINATION "${package_dir}"
)

# pkg-config finds the prefix from where the .pc file lies, unless the libraries' directory was
# given as an absolute path.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  file(RELATIVE_PATH pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
endif()
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")

foreach(name IN LISTS pc_files)
  configure_file(cmake/${name}.pc.in "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
