# SPDX-License-Identifier: Apache-2.0
"""What should happen on an event: pure functions from rows and an event to changed rows and effects."""

from faircart.agent.handlers.outcome import NOTHING, Ignore, Later, Outcome, View

__all__ = ["NOTHING", "Ignore", "Later", "Outcome", "View"]
