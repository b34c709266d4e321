#!/usr/bin/env bash
# Makes onward.vsix with everything in it: `bash package.sh [FILE]`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -d node_modules ] || npm ci --silent --no-audit --no-fund
npm run --silent check
npm run --silent build
npx vsce package --no-dependencies --skip-license --allow-missing-repository --out "${1:-onward.vsix}"
