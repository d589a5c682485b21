# SPDX-License-Identifier: Apache-2.0
"""How long the machines run.

`make test` runs the same examples each time (derandomised), so that a failure is one for everybody.
`make fuzz` sets FAIRCART_FUZZ to the number of examples: then they are new ones each time, and a failing one
is printed with the code that brings it back. With FAIRCART_SHRINK=0 a failing example is not made smaller
first, which can take minutes.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

EXAMPLES = 200
STEPS = 20


def examples() -> int:
    """How many examples each machine runs."""
    return int(os.environ.get("FAIRCART_FUZZ", EXAMPLES))


def run(machine: type[RuleBasedStateMachine]) -> None:
    """Runs a machine's examples. Each that counts makes all its steps: left to itself, Hypothesis ends about
    four in ten of them early."""
    run_state_machine_as_test(machine, settings=machine_settings(), _min_steps=STEPS)


def machine_settings() -> settings:
    """The settings of both machines."""
    return settings(
        max_examples=examples(),
        # Setting the scene is a step, too.
        stateful_step_count=1 + STEPS,
        derandomize="FAIRCART_FUZZ" not in os.environ,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        phases=[Phase.generate] if os.environ.get("FAIRCART_SHRINK") == "0" else list(Phase),
        suppress_health_check=list(HealthCheck),
    )
