# SPDX-License-Identifier: Apache-2.0
"""What agents survive. FAIRCART_TORTURE=100 (`make torture`) does all of it, else a part (`make test`)."""

import os

TELLINGS = int(os.environ.get("FAIRCART_TORTURE", "1"))
"""How often the story of the kill test is told."""
WHOLE = "FAIRCART_TORTURE" in os.environ
