# SPDX-License-Identifier: Apache-2.0
"""A MultiChain node, or anything that answers like one, as typed calls. See README.md for what it survives
and how.
"""

from __future__ import annotations

from faircart.multichain.publishing import Publishing


class StreamNode(Publishing):
    """One wallet of one node.

    `url` may be http or https, with a path. `password` comes from a file or a prompt, never from an
    argument. `timeout` in seconds bounds every attempt of a call, all of it but the look-up of the host's
    name, which the system bounds; a call is up to 4 attempts, and a method can make several calls.
    `chain_name`, if given, must be the node's own or calls fail with `WrongChain`. All methods raise
    subclasses of `errors.MultiChainError`; an object may be shared by threads.
    """
