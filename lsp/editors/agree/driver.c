// Parses texts for the tests: from stdin, each ended by a zero byte; what is found of each goes to stdout, ended alike.
//   driver tree           the tree
//   driver mistakes       a line for each mistake: first byte, last byte
//   driver query FILE     a line for each capture: name, first byte, last byte

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_onward(void);

static char *read_all(FILE *file, size_t *length) {
  size_t size = 1 << 16;
  char *all = malloc(size);
  *length = 0;
  for (size_t got; (got = fread(all + *length, 1, size - *length - 1, file)) > 0;) {
    *length += got;
    if (size - *length < 2) all = realloc(all, size *= 2);
  }
  all[*length] = '\0';
  return all;
}

// A mistake in a node that is not shown is one of its parent.
static void mistakes(TSNode node) {
  uint32_t inner = 0;
  if (!ts_node_is_error(node)) {
    for (uint32_t at = 0; at < ts_node_child_count(node); at += 1) {
      TSNode child = ts_node_child(node, at);
      if (!ts_node_has_error(child)) continue;
      inner += 1;
      mistakes(child);
    }
  }
  if (inner == 0) printf("%u %u\n", ts_node_start_byte(node), ts_node_end_byte(node));
}

static void captures(TSQuery *query, TSNode root) {
  TSQueryCursor *cursor = ts_query_cursor_new();
  ts_query_cursor_exec(cursor, query, root);
  TSQueryMatch match;
  for (uint32_t at; ts_query_cursor_next_capture(cursor, &match, &at);) {
    uint32_t length;
    TSNode node = match.captures[at].node;
    const char *name = ts_query_capture_name_for_id(query, match.captures[at].index, &length);
    printf("%.*s %u %u\n", (int)length, name, ts_node_start_byte(node), ts_node_end_byte(node));
  }
  ts_query_cursor_delete(cursor);
}

int main(int count, char **args) {
  const char *mode = count > 1 ? args[1] : "tree";
  const TSLanguage *language = tree_sitter_onward();
  TSQuery *query = NULL;
  size_t length;
  if (strcmp(mode, "query") == 0) {
    FILE *file = count > 2 ? fopen(args[2], "rb") : NULL;
    if (!file) return fprintf(stderr, "no query\n"), 1;
    char *source = read_all(file, &length);
    uint32_t offset;
    TSQueryError error;
    query = ts_query_new(language, source, (uint32_t)length, &offset, &error);
    if (!query) return fprintf(stderr, "%s: mistake %d at byte %u\n", args[2], error, offset), 1;
  }
  TSParser *parser = ts_parser_new();
  if (!ts_parser_set_language(parser, language)) return fprintf(stderr, "the parser is of another version\n"), 1;
  char *all = read_all(stdin, &length);
  for (char *text = all; text < all + length; text += strlen(text) + 1) {
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)strlen(text));
    TSNode root = ts_tree_root_node(tree);
    if (query) captures(query, root);
    else if (strcmp(mode, "mistakes") == 0) {
      if (ts_node_has_error(root)) mistakes(root);
    } else {
      char *shown = ts_node_string(root);
      fputs(shown, stdout);
      free(shown);
    }
    fputc('\0', stdout);
    ts_tree_delete(tree);
  }
  return 0;
}
