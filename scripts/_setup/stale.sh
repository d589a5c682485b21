#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Takes away the stamps of set-up that do not hold any more: `stale.sh CLONE`, run in it.
# Installed files name their folder (the first lines of programs, ape's packages), so a stamp that was written
# in another folder stands for nothing here. Of a link to another clone's folder only the link goes.
set -euo pipefail
place="$1"

check() { # STAMP FILE...: the stamp, and what it stands for
  local stamp="$1" folder="${1%/*}" file
  [ -e "$stamp" ] || return 0
  for file in "$@"; do [ -e "$file" ] || { forget "$stamp" "$folder"; return 0; }; done
  [ "$(cat "$stamp")" = "$place" ] || forget "$stamp" "$folder"
}

forget() {
  if [ -L "$2" ]; then rm -f "$2"; else rm -f "$1"; fi
}

check .venv/.installed .venv/bin/python
check node_modules/.installed node_modules/solc/package.json
check .ape/solcx/.installed
check .build/.compiled .build/__local__.json .ape/packages
