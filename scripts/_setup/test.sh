#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests: `test.sh BIN`, or `test.sh BIN all` for everything on every provider.
# In two lanes that run at the same time: most groups wait for a chain or a compiler on one core.
# A group fails its lane; the other lane still runs to its end. The first lane's output comes when it is done.
set -uo pipefail
bin="$1"
extent="${2:-}"
output="$(mktemp)"

plain() { "$bin/pytest" -p no:ape_test "$@"; }

contracts() (
  set -e
  # Contract by contract on the in-process chain; the branch trees lie beside the tests.
  "$bin/ape" test tests/contracts --network ethereum:local:test
  # On anvil, at a port of its own: what depends most on the node, or with `all` the whole.
  if [ "$extent" = all ]; then chosen=(); else chosen=(-m foundry); fi
  APE_FOUNDRY_HOST=auto "$bin/ape" test tests/contracts "${chosen[@]}" --network ethereum:local:foundry
  # What was begun on a network goes on, on a fork of it.
  "$bin/python" -m tests.fork
  # The scripts as a user runs them, on an anvil of their own.
  plain tests/scripts
  # Every chunk position of fault proofs, the vectors of RFC 8439 and the gas figures, on anvil.
  plain tests/proofs tests/gas
  # Random people at random times against models of the contracts, on anvil.
  plain tests/machines
)

agents() (
  set -e
  # Everything that needs no ape.
  plain tests/unit
  # Agents as processes, on networks of their own; some are killed, some lied to. `make torture` does more of it.
  plain -m "not slow" tests/e2e tests/torture
)

# In a process group of its own, so that an interrupted run can end the whole lane.
set -m
contracts >"$output" 2>&1 </dev/null &
first=$!
set +m
trap 'kill -- "-$first" 2>/dev/null; rm -f "$output"' EXIT
trap 'exit 130' INT TERM
agents
second_code=$?
wait "$first"
first_code=$?
cat "$output"
exit $((first_code != 0 || second_code != 0))
