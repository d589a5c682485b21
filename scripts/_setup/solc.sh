#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the pinned solc available to ape-solidity: the native one where it can be downloaded,
# else the official npm build behind a wrapper of the same name.
set -euo pipefail
bin="$1"
version="$(sed -nE 's/^ *version: *(0\.8\.[0-9]+).*/\1/p' ape-config.yaml | head -n 1)"
folder="${SOLCX_BINARY_PATH:?the Makefile sets SOLCX_BINARY_PATH}"
target="$folder/solc-v$version"
mkdir -p "$folder"
# What ape has installed names its folder, too, and is made anew from node_modules.
rm -rf "${APE_DATA_FOLDER:?the Makefile sets APE_DATA_FOLDER}/packages"
if [ -x "$target" ]; then
  # A wrapper is written anew, since it names this folder; a native compiler that runs is kept.
  if [ "$(head -c 2 "$target")" = '#!' ]; then FAIRCART_SOLC_WRAPPER=1
  elif "$target" --version 2>/dev/null | grep -qF "$version"; then exit 0; fi
fi
if [ -z "${FAIRCART_SOLC_WRAPPER:-}" ] && timeout 60 "$bin/python" - "$version" >/dev/null 2>&1 <<'PY'
import sys

import solcx

solcx.install_solc(sys.argv[1])
PY
then
  echo "Solidity $version: the native compiler."
  exit 0
fi
printf '#!/usr/bin/env bash\nexec node %q "$@"\n' "$PWD/scripts/_setup/solc_wrapper.js" >"$target.new"
chmod +x "$target.new"
mv -f "$target.new" "$target"
"$target" --version | grep -qF "Version: $version" ||
  { echo "faircart: the npm solc is not version $version; run: npm ci" >&2; exit 1; }
echo "Solidity $version: the compiler from npm (the native one cannot be downloaded here)."
