// Makes the generated parser a module of node, for the tests.

#include <node_api.h>

const void *tree_sitter_onward(void);

// What the package `tree-sitter` asks of a language.
static const napi_type_tag LANGUAGE = {0x8AF2E5212AD58ABF, 0xD5006CAD83ABBA16};

NAPI_MODULE_INIT() {
  napi_value language, name;
  napi_create_external(env, (void *)tree_sitter_onward(), NULL, NULL, &language);
  napi_type_tag_object(env, language, &LANGUAGE);
  napi_set_named_property(env, exports, "language", language);
  napi_create_string_utf8(env, "onward", NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, exports, "name", name);
  return exports;
}
