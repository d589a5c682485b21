# SPDX-License-Identifier: Apache-2.0
"""Options by which commands reach the two ledgers, and what they make of them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from faircart.cli.options import FILE
from faircart.errors import FairCartError

if TYPE_CHECKING:
    from faircart.rights.ledgers import Ledgers
    from faircart.rights.sources import StreamSource

F = TypeVar("F", bound=Callable[..., Any])


class LedgerUnnamed(FairCartError):
    """A command needs a ledger that no option names."""


def ledger_options(command: F) -> F:
    """Which Ethereum node, which contracts, and where stream items come from."""
    for option in (
        click.option("--streams-password-file", type=FILE, help="Password of that stream node."),
        click.option("--streams-user", default="multichainrpc", show_default=True),
        click.option("--streams-url", help="A stream node to ask instead of an agent."),
        click.option("--streams-api", help="Any agent's API that hands out stream items."),
        click.option(
            "--deployments",
            type=click.Path(file_okay=False, path_type=Path),
            help="Another folder of deployment records.",
        ),
        click.option("--network", help="Whose deployment records name the contracts that you trust."),
        click.option("--ethereum-url", help="An Ethereum node that you trust."),
    ):
        command = option(command)
    return command


def open_ledgers(options: dict[str, Any], api: str | None = None) -> "Ledgers":
    """The ledgers that the options name; stream items come from `api` if from nowhere else.

    Raises LedgerUnnamed, and what is wrong with node or contracts.
    """
    from faircart.ethereum import deployments
    from faircart.ethereum.contracts import Contracts
    from faircart.ethereum.node import EthereumNode
    from faircart.rights.ledgers import Ledgers

    for name in ("ethereum_url", "network"):
        if not options[name]:
            raise LedgerUnnamed(f"--{name.replace('_', '-')} is needed to check anything against Ethereum")
    contracts = Contracts(deployments.load(options["network"], options["deployments"]))
    node = EthereumNode(options["ethereum_url"])
    contracts.check(node)
    return Ledgers(node, contracts, open_source(options, api))


def open_source(options: dict[str, Any], api: str | None = None) -> "StreamSource":
    """Where stream items come from. Raises LedgerUnnamed."""
    from faircart.rights.sources import ApiSource, NodeSource

    if options["streams_url"]:
        from faircart.agent.config import read_secret
        from faircart.multichain import StreamNode

        if options["streams_password_file"] is None:
            raise LedgerUnnamed("--streams-password-file is needed with --streams-url")
        password = read_secret(options["streams_password_file"], "--streams-password-file")
        return NodeSource(StreamNode(options["streams_url"], options["streams_user"], password))
    named = options["streams_api"] or api
    if not named:
        raise LedgerUnnamed("--streams-api or --streams-url is needed to check anything against MultiChain")
    return ApiSource(named)


def read_json(path: Path, what: str) -> Any:
    """A JSON file that the user names. Raises UnreadableFile."""
    import json

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableFile(f"{what}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{what}: {path} is not JSON") from None


def read_canonical(path: Path, what: str) -> Any:
    """A JSON file that must be its value's canonical form (RFC 8785) byte for byte: no character of it can be
    changed unnoticed. Raises UnreadableFile."""
    from faircart import canonical

    try:
        return canonical.parse(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(f"{what}: {path} cannot be read: {error.strerror}") from None
    except (canonical.CanonicalError, ValueError) as error:
        raise UnreadableFile(
            f"form: {path} was altered or written anew, it is not as it was saved: {error}"
        ) from None


class UnreadableFile(FairCartError):
    """A file cannot be read, or is not what it should be."""


def hex_id(text: str, what: str) -> bytes:
    """A 32-byte id as 64 hex digits, with or without 0x. Raises UnreadableFile."""
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise UnreadableFile(f"{what}: {text[:70]} is no id of 64 hex digits")
    return found
