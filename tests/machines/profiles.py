"""How long the machines run.

`make test` runs the same examples each time (derandomised), so that a failure is one for everybody.
`make fuzz` sets FAIRCART_FUZZ to the number of examples: then they are new ones each time, and a failing one
is printed with the seed that brings it back.
"""

import os

from hypothesis import HealthCheck, Verbosity, settings

EXAMPLES = 250
STEPS = 20


def machine_settings() -> settings:
    """The settings of both machines."""
    fuzz = os.environ.get("FAIRCART_FUZZ")
    return settings(
        max_examples=EXAMPLES if fuzz is None else int(fuzz),
        stateful_step_count=STEPS,
        derandomize=fuzz is None,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
