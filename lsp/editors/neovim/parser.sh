#!/usr/bin/env bash
# Builds the parser of tree-sitter into parser/onward.so: `bash parser.sh`.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source="$here/../../../grammar/tree-sitter-onward/src"
mkdir -p "$here/parser"
"${CC:-cc}" -shared -fPIC -O2 -I "$source" -o "$here/parser/onward.so" "$source/parser.c" "$source/scanner.c"
