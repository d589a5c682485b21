# SPDX-License-Identifier: Apache-2.0
"""`faircart streams`: start stream nodes, create a market's streams, take companies in, look at the state."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from faircart.cli.options import FILE

if TYPE_CHECKING:
    from faircart.keys import HpkeKey
    from faircart.multichain import StreamNode
    from faircart.papers import Domain

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def streams() -> None:
    """Start stream nodes, create a market's streams, take companies in, look at the state."""


def node_options(command: F) -> F:
    """Which node: `-c` an agent's configuration, or `--url`, `--user` and `--password-file`."""
    for option in (
        click.option("--address", help="Which address of the wallet acts (default: its first)."),
        click.option("--ca-file", type=FILE, help="Certificate of an https node, if it is no usual one."),
        click.option("--password-file", type=FILE, help="File with the node's RPC password."),
        click.option("--user", default="multichainrpc", show_default=True, help="The node's RPC user."),
        click.option("--url", help="The node's RPC address, http:// or https://."),
        click.option("-c", "--config", "config_file", type=FILE, help="An agent's TOML file, instead."),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class Connection:
    """The node that a command works on, and the address that acts."""

    def __init__(
        self,
        config_file: Path | None,
        url: str | None,
        user: str,
        password_file: Path | None,
        ca_file: Path | None,
        address: str | None,
    ) -> None:
        from faircart.multichain import StreamNode
        from faircart.streams.network import StreamsError, read_secret

        self.config = None
        if config_file is not None:
            from faircart.agent.startup import stream_node
            from faircart.cli.options import load_config

            self.config = load_config(config_file)
            self.node: StreamNode = stream_node(self.config)
            address = address or self.config.streams.address
        elif url is None or password_file is None:
            raise StreamsError("which node? give -c CONFIG, or --url and --password-file")
        else:
            verify = True if ca_file is None else str(ca_file)
            self.node = StreamNode(url, user, read_secret(password_file), verify=verify)
        self.wanted = address

    def address(self) -> str:
        """Raises StreamsError if it is not in the wallet."""
        from faircart.streams.network import StreamsError

        wallet = self.node.addresses()
        if self.wanted is None and wallet:
            return wallet[0]
        if self.wanted not in wallet:
            raise StreamsError(f"{self.wanted} is not in the node's wallet; it has {', '.join(wallet)}")
        return self.wanted

    def domain(self, network: str | None, deployments: Path | None) -> Domain:
        """Where bindings are signed for: the consent registry's domain."""
        from faircart.ethereum import deployments as records
        from faircart.papers import Domain
        from faircart.streams.network import StreamsError

        if self.config is not None:
            section = self.config.ethereum
            network = network or section.network
            if deployments is None and section.deployments is not None:
                deployments = self.config.path(section.deployments)
        if network is None:
            raise StreamsError("which contracts? give --network, the name of their deployment records")
        registry = records.load(network, deployments)["ConsentRegistry"]
        return Domain(registry.chain_id, registry.address)


def _say(as_json: bool, answer: dict[str, Any], lines: list[str]) -> None:
    click.echo(json.dumps(answer) if as_json else "\n".join(lines))


@streams.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where everything is kept; started again on it, the network goes on.",
)
@click.option("--nodes", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option(
    "--real/--stand-in",
    default=None,
    help="Insist on MultiChain, or the stand-in (default: what is found).",
)
@click.option("--chain", default="faircart", show_default=True, help="Name of a new chain.")
@click.option("--block-seconds", type=click.FloatRange(0.1), default=2.0, show_default=True)
@click.option("--port-file", type=FILE, help="Write the description here, too, once all is ready.")
@json_option
def up(
    folder: Path,
    nodes: int,
    real: bool | None,
    chain: str,
    block_seconds: float,
    port_file: Path | None,
    as_json: bool,
) -> None:
    """Start stream nodes on this machine and run until Ctrl-C or SIGTERM.

    Real ones if multichaind is on the PATH or named by MULTICHAIND, else the development stand-in. Says
    which, and for each node its URL, user, address and the file that holds its password.
    """
    from faircart.streams.network import running, write_description

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with running(folder, nodes, real=real, chain=chain, block_seconds=block_seconds) as network:
        if port_file is not None:
            write_description(network, port_file)
        what = "MultiChain" if network.kind == "multichain" else "the development stand-in (no blockchain)"
        lines = [f"{len(network.nodes)} nodes of {what}, chain {network.chain}:"]
        lines += [f"  {node.name}  {node.url}  {node.address}" for node in network.nodes]
        lines.append(f"passwords: {', '.join(str(node.password_file) for node in network.nodes)}")
        _say(as_json, network.to_json(), lines)
        click.get_text_stream("stdout").flush()
        stopped.wait()
    if port_file is not None:
        port_file.unlink(missing_ok=True)


@streams.command()
@node_options
@click.option("--consumer", help="A consumer's Ethereum address: create its own streams, too.")
@click.option("--category", "categories", multiple=True, help="Of the consumer; may be repeated.")
@click.option("--own-only", is_flag=True, help="Only the consumer's streams, not the shared ones.")
@json_option
def init(
    consumer: str | None, categories: tuple[str, ...], own_only: bool, as_json: bool, **which: Any
) -> None:
    """Create the market's streams with the right restrictions; what is there already is checked and kept.

    The shared streams are created once, by the node that founds the market, which then admits companies. A
    consumer creates its own: with -c they are known, else give --consumer and --category.
    """
    from faircart.multichain.names import SHARED, consumer_plans
    from faircart.streams import setup
    from faircart.streams.network import StreamsError

    connection = Connection(**which)
    if consumer is None and connection.config is not None and "consumer" in connection.config.agent.roles:
        consumer = _account(connection)
        categories = categories or connection.config.consumer.categories
    if own_only and consumer is None:
        raise StreamsError("--own-only needs a consumer: -c CONFIG of one, or --consumer ADDRESS")
    if consumer is not None and not categories:
        raise StreamsError("which streams for the consumer? give --category at least once")
    try:
        own = consumer_plans(consumer, list(categories)) if consumer is not None else ()
    except ValueError as error:
        raise StreamsError(str(error)) from None
    made = setup.create(connection.node, (*(() if own_only else SHARED), *own), connection.address())
    _say(
        as_json,
        {"streams": [{"name": one.name, "created": one.created} for one in made]},
        [f"{one.name}  {'created' if one.created else 'there already'}" for one in made],
    )


def _account(connection: Connection) -> str:
    from faircart import keys
    from faircart.agent.config import account_password

    assert connection.config is not None
    config = connection.config
    return str(keys.load_account(config.path(config.ethereum.keystore), account_password(config)).address)


@streams.command()
@node_options
@click.option("--new-address", is_flag=True, help="Rotate: go on with a new MultiChain address.")
@click.option("--new-hpke-key", is_flag=True, help="Rotate: a new HPKE key; the old file is kept.")
@click.option("--application", type=FILE, help="Write the signed application here, for an administrator.")
@click.option("--admit", type=FILE, help="As administrator: check this application and grant what it needs.")
@click.option("--shut-out", metavar="ADDRESS", help="As administrator: revoke an unused address's grants.")
@click.option("--network", help="Deployment records that name the consent registry (default: from -c).")
@click.option(
    "--deployments", type=click.Path(file_okay=False, path_type=Path), help="Another folder of records."
)
@json_option
def join(
    new_address: bool,
    new_hpke_key: bool,
    application: Path | None,
    admit: Path | None,
    shut_out: str | None,
    network: str | None,
    deployments: Path | None,
    as_json: bool,
    **which: Any,
) -> None:
    """Take a company on another machine into the market, or rotate its keys.

    \b
    1. The company:        faircart streams join -c agent.toml --application acme.json
    2. The administrator:  faircart streams join --url … --password-file … --network … --admit acme.json
    3. The company:        faircart streams join -c agent.toml

    The application is a binding of the company's three keys, signed by its Ethereum account; it holds no
    secret. Step 3 publishes it in `participants`. Rotating is the same with --new-address or --new-hpke-key,
    with the agent stopped and no exchange under way; after it was bound, the new address goes into the
    configuration. A new Ethereum account is a new participant: put its keystore and a new database into the
    configuration and join again.
    """
    from faircart.streams.network import StreamsError

    ours = new_address or new_hpke_key or application is not None
    if (admit is not None) + (shut_out is not None) + ours > 1:
        raise StreamsError("--admit, --shut-out and joining oneself are one thing each: give one at a time")
    connection = Connection(**which)
    if admit is not None:
        _admit(connection, admit, network, deployments, as_json)
    elif shut_out is not None:
        from faircart.streams import membership

        revoked = membership.shut_out(connection.node, shut_out, by=connection.address())
        _say(as_json, {"address": shut_out, "revoked": revoked}, [f"revoked from {shut_out}: {revoked}"])
    else:
        _join(connection, new_address, new_hpke_key, application, network, deployments, as_json)


def _admit(
    connection: Connection, file: Path, network: str | None, deployments: Path | None, as_json: bool
) -> None:
    from faircart.streams import membership
    from faircart.streams.network import StreamsError

    try:
        application = membership.Application.read(file.read_text())
    except (OSError, UnicodeDecodeError):
        raise StreamsError(f"{file}: the application cannot be read") from None
    domain = connection.domain(network, deployments)
    granted = membership.admit(connection.node, application, domain, by=connection.address())
    account = application.account(domain)
    address = application.binding.multichain_address
    _say(
        as_json,
        {"account": account, "address": address, "granted": granted},
        [f"{account} may act as {address}", f"granted now: {', '.join(granted) or 'nothing, it had all'}"],
    )


def _join(
    connection: Connection,
    new_address: bool,
    new_hpke_key: bool,
    file: Path | None,
    network: str | None,
    deployments: Path | None,
    as_json: bool,
) -> None:
    from faircart import envelope, keys, papers
    from faircart.agent.config import account_password, key_password
    from faircart.multichain import errors, names
    from faircart.streams import membership
    from faircart.streams.network import StreamsError, write_text

    config, node, which_address = connection.config, connection.node, connection.wanted
    if config is None:
        raise StreamsError("a company joins with its agent's configuration: -c CONFIG")
    domain = connection.domain(network, deployments)
    account = keys.load_account(config.path(config.ethereum.keystore), account_password(config))
    key_file = config.path(config.keys.hpke_file)
    hpke_key = envelope.encode_public_key(keys.read_public_key(key_file))
    try:
        chain_name = node.info().chain_name
    except errors.Unreachable:
        # before a company is let in, its real node does not run: it only says its address and stops
        if new_hpke_key or file is None or which_address is None or config.streams.chain_name is None:
            raise
        first = papers.Binding(config.streams.chain_name, domain.chain_id, which_address, hpke_key, 1)
        signed = membership.Application(first, papers.sign(first, domain, bytes(account.key)))
        write_text(file, json.dumps(signed.to_json(), indent=2) + "\n")
        _say(
            as_json,
            {"account": account.address, "address": which_address, "version": 1, "joined": False},
            [f"the node does not run yet; give {file} to an administrator, then start it"],
        )
        return
    address = node.new_address() if new_address else connection.address()
    known = None
    if node.has_stream(names.PARTICIPANTS):
        node.subscribe(names.PARTICIPANTS)
        known = membership.bindings(node, domain, chain_name).get(account.address)
    if known is not None and which_address is None and not new_address:
        bound = known.binding.multichain_address
        if bound != address and bound in node.addresses():
            # the wallet's first address is an old one: to bind it would silently undo a rotation
            raise StreamsError(
                f"{account.address} is bound to {bound}, not to the wallet's first address {address}: "
                f'set streams.address = "{bound}" in the configuration, or name one with --address'
            )
    missing = membership.missing_permissions(node, address)
    if new_hpke_key:
        # only now that the node has answered: a failure before this leaves the old key in its place
        hpke_key = envelope.encode_public_key(_renew_hpke_key(key_file, key_password(config)).public)
    if known is not None and known.binding.multichain_address != address:
        own = names.consumer_plans(account.address, config.consumer.categories)
        membership.hand_over(node, (plan.name for plan in own), known.binding.multichain_address, address)
    binding = membership.next_binding(known, chain_name, domain.chain_id, address, hpke_key)
    txid = known.txid if known is not None else None
    if binding is not None:
        signature = papers.sign(binding, domain, bytes(account.key))
        signed = membership.Application(binding, signature)
        if file is not None:
            write_text(file, json.dumps(signed.to_json(), indent=2) + "\n")
        if not missing:
            try:
                txid = membership.publish(node, signed)
            except errors.NoPermission:
                missing = membership.missing_permissions(node, address)
    version = binding.version if binding is not None else known.binding.version if known else 0
    joined = not missing
    lines = [f"account {account.address}, address {address}, binding version {version}"]
    if joined:
        lines.append(f"published in participants: {txid}" if binding else "nothing to do: bound already")
    else:
        lines.append(f"not admitted yet; missing: {', '.join(missing)}")
        lines.append(
            f"give {file} to an administrator" if file else "write an application with --application FILE"
        )
    if new_address:
        lines.append(f'set streams.address = "{address}" in the configuration')
    _say(
        as_json,
        {
            "account": account.address,
            "address": address,
            "version": version,
            "joined": joined,
            "missing": missing,
            "txid": txid if joined else None,
        },
        lines,
    )


def _renew_hpke_key(path: Path, password: str) -> HpkeKey:
    """A new key in the place of the old one, which stays beside it: the agent still opens with it what was
    sealed to it.
    """
    from faircart import keys

    kept = next(
        place for number in range(1, 1000) if not (place := path.with_name(f"{path.name}.{number}")).exists()
    )
    path.rename(kept)
    try:
        return keys.create_hpke_key(path, password)
    except BaseException:
        kept.rename(path)
        raise


@streams.command()
@node_options
@click.option(
    "--last", type=click.IntRange(0), default=1000, show_default=True, help="Items to look at per stream."
)
@json_option
def status(last: int, as_json: bool, **which: Any) -> None:
    """Show peers, subscriptions, missing payloads and permissions of a node."""
    from faircart.streams import state

    found = state.look(Connection(**which).node, last=last)
    lines = [
        f"chain {found.chain}, {found.edition} {found.version}, {found.blocks} blocks",
        f"peers: {', '.join(found.peers) or 'none: nobody hears what this node publishes'}",
    ]
    for stream in found.streams:
        rest = "not subscribed"
        if stream.subscribed:
            rest = f"{stream.items} items, {stream.confirmed} confirmed, {stream.missing} payloads missing"
            if stream.looked_at < (stream.items or 0):
                rest += f" among the last {stream.looked_at}"
        lines.append(f"  {stream.name} [{','.join(stream.restrict) or 'open'}]: {rest}")
    lines += [
        f"{address} may {', '.join(kinds) or 'nothing'}" for address, kinds in found.permissions.items()
    ]
    _say(as_json, found.to_json(), lines)
