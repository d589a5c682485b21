#!/usr/bin/env bash
# The tests, group by group: plain pytest where ape is not needed (ape takes seconds to start).
set -euo pipefail
bin="$1"
"$bin/pytest" -p no:ape_test tests/unit
# Contract by contract on the in-process chain; the branch trees lie beside the tests.
"$bin/ape" test tests/contracts --network ethereum:local:test
# The scripts as a user runs them, on an anvil of their own.
"$bin/pytest" -p no:ape_test tests/scripts
# Every chunk position of fault proofs, the vectors of RFC 8439 and the gas figures, on anvil.
"$bin/pytest" -p no:ape_test tests/proofs tests/gas
# Random people at random times against models of the contracts, on anvil.
"$bin/pytest" -p no:ape_test tests/machines
# Agents as processes, on networks of their own.
"$bin/pytest" -p no:ape_test tests/e2e
