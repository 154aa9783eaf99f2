# The pages: built by npm into share/aloha/wui beside bin/, where aloha-wui looks for them.
find_program(NPM npm REQUIRED)
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
add_custom_target(aloha-wui-app ALL DEPENDS ${pages}.stamp)
