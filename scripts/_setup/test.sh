#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests: `test.sh BIN`, or `test.sh BIN all` for everything on every provider, the slow ones too.
# In lanes that run at the same time: most groups wait for a chain, or use one core.
# A group that fails ends its lane; the others still run to their end. The first lane's output is shown at
# once, that of the others when they are done.
set -uo pipefail
bin="$1"
if [ "${2:-}" = all ]; then foundry=() quick=(); else foundry=(-m foundry) quick=(-m "not slow"); fi

plain() { "$bin/pytest" -p no:ape_test "$@"; }

contracts() {
  # Contract by contract on the in-process chain; the branch trees lie beside the tests.
  "$bin/ape" test tests/contracts --network ethereum:local:test
  # On anvil, at a port of its own: what depends most on the node, or with `all` the whole.
  APE_FOUNDRY_HOST=auto "$bin/ape" test tests/contracts "${foundry[@]}" --network ethereum:local:foundry
  # What was begun on a network goes on, on a fork of it.
  "$bin/python" -m tests.fork
  # The scripts as a user runs them, on an anvil of their own.
  plain tests/scripts
  # Every chunk position of fault proofs, the vectors of RFC 8439 and the gas figures, on anvil.
  plain tests/proofs tests/gas
  # Random people at random times against models of the contracts, on anvil.
  plain tests/machines
}

parts() {
  # Everything that needs no ape.
  plain tests/unit
  # Agents that are killed, lied to and cheated, on networks of their own. `make torture` does more of it.
  plain "${quick[@]}" tests/torture
  # Many companies at a time, and the customer's rights, over running agents.
  plain "${quick[@]}" tests/e2e/test_many.py tests/e2e/rights
}

market() {
  # Agents as processes, the demo and the README's commands, on networks of their own.
  plain "${quick[@]}" tests/e2e --ignore tests/e2e/rights --ignore tests/e2e/test_many.py
}

# Each lane in a process group of its own, so that an interrupted run can end it whole.
outputs="$(mktemp -d)"
running=()
trap 'for group in "${running[@]}"; do kill -- "-$group" 2>/dev/null; done; rm -rf "$outputs"' EXIT
trap 'exit 130' INT TERM HUP
set -m
(set -e; contracts) </dev/null &
running+=("$!")
for lane in parts market; do
  (set -e; "$lane") >"$outputs/$lane" 2>&1 </dev/null &
  running+=("$!")
done
set +m

echo "Three lanes run at the same time. This is the contracts' output; that of the others follows." >&2
code=0
wait "${running[0]}" || code=1
wait "${running[1]}" || code=1
cat "$outputs/parts"
wait "${running[2]}" || code=1
cat "$outputs/market"
exit "$code"
