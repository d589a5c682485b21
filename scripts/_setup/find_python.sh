# SPDX-License-Identifier: Apache-2.0
# To be sourced: sets `python` to the one that $PYTHON names, else to the first on the PATH that fits.
# One that is there need not run: a shim of pyenv may stand for a version that is not chosen.
fits() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 13)))' >/dev/null 2>&1
}

python="${PYTHON:-}"
if [ -z "$python" ]; then
  python=python3
  for name in python3 python3.11 python3.12; do
    if fits "$name"; then python="$name"; break; fi
  done
fi
