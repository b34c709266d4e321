// What a regular expression cannot see: a word that stands before `:` (white space and comments may
// come between), and where the text in a string ends. It keeps no state.

#include "tree_sitter/parser.h"
#include <string.h>
#include <wctype.h>

enum Token { KEY, LINE_TEXT, BLOCK_TEXT, ERROR_SENTINEL };

void *tree_sitter_onward_external_scanner_create(void) { return NULL; }
void tree_sitter_onward_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_onward_external_scanner_serialize(void *payload, char *buffer) {
  (void)payload;
  (void)buffer;
  return 0;
}
void tree_sitter_onward_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  (void)payload;
  (void)buffer;
  (void)length;
}

static void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

static bool is_space(int32_t c) { return iswspace((wint_t)c) || c == 0xA0 || c == 0x200B || c == 0xFEFF; }
static bool is_start(int32_t c) { return c == '_' || iswalpha((wint_t)c) || (c > 0x7F && !is_space(c)); }
static bool is_rest(int32_t c) { return is_start(c) || (c >= '0' && c <= '9'); }

static bool scan_key(TSLexer *lexer) {
  while (!lexer->eof(lexer) && is_space(lexer->lookahead)) lexer->advance(lexer, true);
  if (!is_start(lexer->lookahead)) return false;
  while (is_rest(lexer->lookahead)) advance(lexer);
  lexer->mark_end(lexer);
  for (;;) {
    while (!lexer->eof(lexer) && is_space(lexer->lookahead)) advance(lexer);
    if (lexer->lookahead != '#') break;
    while (!lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
  }
  lexer->result_symbol = KEY;
  return lexer->lookahead == ':';
}

// Goes past a hole or tag whose first two signs are read; false if it does not end. A text in it may
// have holes too, hence the depth.
static bool skip_hole(TSLexer *lexer, int32_t close, bool in_line, unsigned depth);

static bool skip_quoted(TSLexer *lexer, bool in_line, unsigned depth) {
  advance(lexer);
  while (!lexer->eof(lexer)) {
    int32_t c = lexer->lookahead;
    if (c == '\n') return false;
    advance(lexer);
    if (c == '"') return true;
    if (c == '\\') {
      if (lexer->eof(lexer) || lexer->lookahead == '\n') return false;
      advance(lexer);
    } else if (c == '{' && (lexer->lookahead == '{' || lexer->lookahead == '%')) {
      int32_t close = lexer->lookahead == '{' ? '}' : '%';
      advance(lexer);
      if (depth > 16 || !skip_hole(lexer, close, in_line, depth + 1)) return false;
    }
  }
  return false;
}

static bool skip_hole(TSLexer *lexer, int32_t close, bool in_line, unsigned depth) {
  while (!lexer->eof(lexer)) {
    int32_t c = lexer->lookahead;
    if (c == '"') {
      if (!skip_quoted(lexer, in_line, depth)) return false;
      continue;
    }
    if (c == '\n' && in_line) return false;
    advance(lexer);
    if (c == '\\' && !lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
    else if (c == close && lexer->lookahead == '}') {
      advance(lexer);
      return true;
    }
  }
  return false;
}

// A run of text up to the closing quotes, an escape, or a hole. A sign that opens nothing is text.
static bool scan_text(TSLexer *lexer, bool in_line) {
  bool any = false;
  lexer->result_symbol = in_line ? LINE_TEXT : BLOCK_TEXT;
  for (;;) {
    lexer->mark_end(lexer);
    if (lexer->eof(lexer)) return any;
    int32_t c = lexer->lookahead;
    if (c == '\\' || (in_line && (c == '"' || c == '\n'))) return any;
    advance(lexer);
    if (c == '"' && lexer->lookahead == '"') {
      advance(lexer);
      if (lexer->lookahead == '"') return any;
    } else if (c == '{' && (lexer->lookahead == '{' || lexer->lookahead == '%')) {
      if (any) return true;
      int32_t close = lexer->lookahead == '{' ? '}' : '%';
      advance(lexer);
      lexer->mark_end(lexer);
      return !skip_hole(lexer, close, in_line, 0);
    }
    any = true;
  }
}

bool tree_sitter_onward_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  (void)payload;
  if (valid[ERROR_SENTINEL]) return false;
  if (valid[LINE_TEXT]) return scan_text(lexer, true);
  if (valid[BLOCK_TEXT]) return scan_text(lexer, false);
  if (valid[KEY]) return scan_key(lexer);
  return false;
}
