#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the virtual environment and installs the locked packages (hashes checked) and this project.
set -euo pipefail
venv="$1"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
run() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "faircart: set-up failed at: $*" >&2; exit 1; }; }

# Programs in the environment name its folder: one that was made elsewhere does not serve here.
made_at="$(sed -n 's/^command = .* -m venv --clear //p' "$venv/pyvenv.cfg" 2>/dev/null || true)"
if [ "$made_at" != "$(pwd -P)/$venv" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
  . "${0%/*}/find_python.sh"
  [ ! -L "$venv" ] || rm "$venv" # a link to another clone's, which goes on serving there
  run "$python" -m venv --clear "$venv"
fi
echo "Installing the locked Python packages (once; about a minute) ..."
# The build tools come first and from the same lock: source packages are then built without
# fetching anything that the lock does not name.
tools="$(mktemp)"
awk '/^[a-zA-Z0-9]/ {keep = /^(setuptools|wheel|packaging)==/} keep' requirements-dev.lock >"$tools"
run "$venv/bin/python" -m pip install --quiet --require-hashes --no-deps -r "$tools"
rm -f "$tools"
run "$venv/bin/python" -m pip install --quiet --require-hashes --no-deps --no-build-isolation -r requirements-dev.lock
run "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
