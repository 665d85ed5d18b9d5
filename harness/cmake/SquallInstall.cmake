# What `cmake --install` (`make install`) puts where. Included by the top CMakeLists.txt after the wings.
include(GNUInstallDirs)

# The program lands in one known place of the build tree, so that build/squall can point at it.
set_target_properties(squall PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
install(TARGETS squall RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/scenarios/library
  DESTINATION ${CMAKE_INSTALL_DATADIR}/squall
  USE_SOURCE_PERMISSIONS)
install(FILES ${PROJECT_SOURCE_DIR}/scenarios/scenario.schema.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/squall)
