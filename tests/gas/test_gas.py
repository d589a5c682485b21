# SPDX-License-Identifier: Apache-2.0
"""The figures that the documentation gives still hold."""

import re

from tests.gas.scenarios import SCENARIOS, measure
from tests.support.anvil import ROOT, Anvil

# A zero byte of calldata costs 4, any other 16, and salts and signatures are others each time.
MARGIN = 60
# contracts/README.md says why.
MISSED = {"consent.revoke", "consent.revokeFor", "exchange.honest_total"}


def documented() -> dict[str, int]:
    """Scenario key to gas, from the table in contracts/README.md."""
    rows = re.findall(
        r"^\| ([a-z]+\.\w+) +\|[^|]+\| +([\d,]+) \|", (ROOT / "contracts" / "README.md").read_text(), re.M
    )
    return {key: int(gas.replace(",", "")) for key, gas in rows}


def test_every_scenario_costs_what_is_documented_and_meets_its_goal_but_for_the_reasoned_ones() -> None:
    with Anvil() as chain:
        found = measure(chain)
    expected = documented()
    assert found.keys() == expected.keys() == {scenario.key for scenario in SCENARIOS}
    changed = {key: gas for key, gas in found.items() if abs(gas - expected[key]) > MARGIN}
    assert changed == {}, f"measured now, other than contracts/README.md says: {changed}"
    over = {scenario.key for scenario in SCENARIOS if scenario.goal and found[scenario.key] > scenario.goal}
    assert over == MISSED
