# SPDX-License-Identifier: Apache-2.0
"""The base of every error that a user may see."""


class FairCartError(Exception):
    """Something the user can act on: the message names the thing and the way out.

    Command lines print the message alone, without a traceback, and exit with `exit_code`.
    Messages never hold secrets or personal data.
    """

    exit_code: int = 1
