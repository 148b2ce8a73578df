# In a checkout, as an overlay, the port builds that checkout. In a registry it is alone, and fetches a release.
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/../../include/lockstep/lockstep.hpp")
    get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
else()
    vcpkg_from_git(
        OUT_SOURCE_PATH SOURCE_PATH
        URL "" # scripts/vcpkg-release writes these two
        REF ""
    )
endif()

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        hmac     LOCKSTEP_HMAC
        postgres LOCKSTEP_POSTGRES
        sim      LOCKSTEP_SIM
        sqlite   LOCKSTEP_SQLITE
)

if(NOT "sim" IN_LIST FEATURES)
    set(VCPKG_BUILD_TYPE release) # headers only
endif()

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DLOCKSTEP_INSTALL=ON
        -DLOCKSTEP_PROGRAM=OFF
        -DLOCKSTEP_TESTS=OFF
        -DLOCKSTEP_EXAMPLES=OFF
        -DLOCKSTEP_BENCH=OFF
)

vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/lockstep)

if(NOT "sim" IN_LIST FEATURES)
    file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/share")
    file(RENAME "${CURRENT_PACKAGES_DIR}/lib/pkgconfig" "${CURRENT_PACKAGES_DIR}/share/pkgconfig")
    file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")
endif()
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/doc"
)

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
