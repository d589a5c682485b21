#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks what set-up cannot install by itself; one clear sentence for what is missing.
set -euo pipefail
fail() { echo "faircart: $*" >&2; exit 1; }

. "${0%/*}/find_python.sh"
command -v "$python" >/dev/null 2>&1 ||
  fail "'$python' was not found. Install Python 3.11, or name one: make PYTHON=/path/to/python3.11"
version="$("$python" --version 2>&1)" ||
  fail "'$python' does not run. Install Python 3.11, or name one: make PYTHON=/path/to/python3.11"
"$python" - <<'PY' || fail "$version does not fit: FairCart needs Python 3.11 or 3.12. Name one: make PYTHON=/path/to/python3.11"
import sys
sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))
PY
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  fail "$version lacks the venv module. Install it (on Debian and Ubuntu the package python3-venv)."
command -v node >/dev/null 2>&1 || fail "Node.js was not found. Install Node.js 20 or newer; it runs the Solidity compiler."
major="$(node --version | sed -E 's/^v([0-9]+).*/\1/')"
[ "$major" -ge 20 ] || fail "Node.js $(node --version) is too old. Install Node.js 20 or newer."
command -v npm >/dev/null 2>&1 || fail "npm was not found. It comes with Node.js; on Debian and Ubuntu it is the package npm."
