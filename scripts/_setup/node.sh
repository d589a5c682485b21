#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the locked npm packages: the Solidity compiler, OpenZeppelin and anvil.
set -euo pipefail
echo "Installing the locked npm packages ..."
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
npm ci --loglevel=error >"$log" 2>&1 || { cat "$log" >&2; echo "faircart: set-up failed at: npm ci" >&2; exit 1; }
if ! PATH="$PWD/node_modules/.bin:$PATH" command -v anvil >/dev/null 2>&1; then
  echo "faircart: no anvil for $(uname -sm) comes with the lock. Install Foundry and put its anvil on the PATH." >&2
  exit 1
fi
