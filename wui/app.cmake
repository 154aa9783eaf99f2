# The pages: built by npm into share/aloha/wui beside bin/, where aloha-wui looks for them, with the user guide in guide/.
find_program(NPM npm REQUIRED)
find_program(PANDOC pandoc REQUIRED)
set(app ${CMAKE_CURRENT_SOURCE_DIR}/app)
file(GLOB_RECURSE app_sources CONFIGURE_DEPENDS ${app}/src/* ${app}/public/* ${app}/scripts/* ${app}/*.ts)
list(FILTER app_sources EXCLUDE REGEX "/(node_modules|dist|src/gen)/")
file(GLOB app_protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/admin/v1/*.proto ${CMAKE_SOURCE_DIR}/proto/config/v1/*.proto
     ${CMAKE_SOURCE_DIR}/proto/worker/v1/vrrp.proto)
set(pages ${CMAKE_BINARY_DIR}/share/aloha/wui)
add_custom_command(OUTPUT ${pages}.stamp
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/build-app ${pages}
  COMMAND ${CMAKE_COMMAND} -E touch ${pages}.stamp
  DEPENDS ${app_sources} ${app_protos} ${app}/index.html ${app}/package.json ${app}/package-lock.json
          ${CMAKE_CURRENT_SOURCE_DIR}/build-app
  COMMENT "npm run build (wui/app)" USES_TERMINAL VERBATIM)

# After the pages, whose folder is made anew each time.
set(guide ${CMAKE_SOURCE_DIR}/deploy/guide)
set(ALOHA_GUIDE_PICTURES "" CACHE PATH "Pictures of the web interface for the guide (tests/e2e/README.md); empty: none")
file(GLOB guide_sources CONFIGURE_DEPENDS ${guide}/*.md ${guide}/html/*)
add_custom_command(OUTPUT ${pages}-guide.stamp
  COMMAND ${guide}/build-guide ${pages}/guide "$<$<BOOL:${ALOHA_GUIDE_PICTURES}>:--pictures;${ALOHA_GUIDE_PICTURES}>"
  COMMAND ${CMAKE_COMMAND} -E touch ${pages}-guide.stamp
  DEPENDS ${pages}.stamp ${guide_sources} ${guide}/build-guide
  COMMENT "build-guide (deploy/guide)" COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(aloha-wui-app ALL DEPENDS ${pages}.stamp ${pages}-guide.stamp)
