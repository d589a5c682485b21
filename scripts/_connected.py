# SPDX-License-Identifier: Apache-2.0
"""The base of every command that talks to a node: what can be wrong with the node is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ProviderError
from ape_ethereum.provider import EthereumNodeProvider
from ape_node.provider import NodeSoftwareNotInstalledError
from faircart.errors import FairCartError
from requests.exceptions import RequestException
from web3.exceptions import Web3Exception


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turns what is wrong with values and files into click.ClickException."""
    try:
        yield
    except FairCartError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


class FileCommand(click.Command):
    """A command that only reads and writes files."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises click.ClickException for a file that cannot be used."""
        with in_sentences():
            return super().invoke(ctx)


class NodeCommand(ConnectedProviderCommand):
    """A command with ape's `--network`, which refuses a node that is away or of another chain."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises click.ClickException for a node that cannot be used."""
        try:
            with in_sentences():
                return super().invoke(ctx)
        except NodeSoftwareNotInstalledError:
            raise click.ClickException(
                "No node answers for the chosen --network. Check its address, or start the node."
            ) from None
        except (RequestException, ProviderError) as error:
            # Only the first line: what follows may hold the node's address, and with it a key.
            known = isinstance(error, ProviderError)
            reason = str(error).splitlines()[0] if known else "the connection broke"
            raise click.ClickException(f"The node cannot be used: {reason}") from None
        except Web3Exception as error:
            raise click.ClickException(f"The node refused the call: {error}") from None

    def _invoke(self, ctx: click.Context, provider: ProviderAPI | None = None) -> Any:
        if provider is not None:
            _require_chain(provider)
        return super()._invoke(ctx, provider=provider)


def _require_chain(provider: ProviderAPI) -> None:
    if not isinstance(provider, EthereumNodeProvider):
        return
    there, expected = provider.web3.eth.chain_id, provider.network.chain_id
    if there != expected:
        network = f"{provider.network.ecosystem.name}:{provider.network.name}"
        raise click.ClickException(
            f"Wrong chain: the node has chain id {there}, but {network} is {expected}. Start the node with "
            "that chain id, or choose another --network (ape-config.yaml declares them)."
        )
