# SPDX-License-Identifier: Apache-2.0
"""From a configuration to the tools of an agent, every part checked:

node, chain, contracts, keys, streams, database.
"""

from dataclasses import dataclass, field
from functools import partial

from eth_account.signers.local import LocalAccount

from faircart import envelope, keys
from faircart.agent.config import Config, account_password, key_password, streams_password
from faircart.agent.context import Context
from faircart.agent.secrets import Secrets
from faircart.agent.tools import Tools
from faircart.agent.waiting import has_run, until_there
from faircart.errors import FairCartError
from faircart.ethereum import deployments
from faircart.ethereum.contracts import Contracts
from faircart.ethereum.node import EthereumNode
from faircart.multichain import StreamNode, names
from faircart.store import Store
from faircart.streams import membership


class NoAddress(FairCartError):
    """The stream node's wallet has no address, or not the one that is configured."""


def start(config: Config, *, waits: bool = False) -> Tools:
    """Opens and checks everything. Raises the error of the first part that is not as configured.

    With `waits` an agent that has run before waits for nodes that are away, however long. One that never
    has does not: their addresses may be wrong.
    """
    section = config.ethereum
    # Asked for first, so that nobody has to wait at the prompt for the nodes.
    account_secret = account_password(config)
    # One password is asked for once, where no file names it.
    both = section.password_file is None and config.keys.password_file is None
    key_secret = account_secret if both else key_password(config)
    folder = None if section.deployments is None else config.path(section.deployments)
    contracts = Contracts(deployments.load(section.network, folder))
    node = EthereumNode(section.url, timeout=section.timeout_seconds)
    streams = stream_node(config)
    opened = _Keys(
        keys.load_account(config.path(section.keystore), account_secret),
        keys.load_hpke_key(config.path(config.keys.hpke_file), key_secret),
        tuple(keys.load_former_hpke_keys(config.path(config.keys.hpke_file), key_secret)),
        keys.load_vault_key(config.path(config.keys.vault_file), key_secret),
    )
    connect = partial(_connect, config, contracts, node, streams, opened)
    return until_there(connect) if waits and has_run(config) else connect()


@dataclass(frozen=True)
class _Keys:
    account: LocalAccount
    hpke: keys.HpkeKey = field(repr=False)
    former: tuple[keys.HpkeKey, ...] = field(repr=False)
    vault: bytes = field(repr=False)


def _connect(
    config: Config, contracts: Contracts, node: EthereumNode, streams: StreamNode, opened: _Keys
) -> Tools:
    section = config.ethereum
    node.check_chain(section.chain_id)
    contracts.check(node)
    info = streams.info()
    ctx = Context(
        address=opened.account.address,
        multichain_address=own_address(config, streams),
        hpke_key=envelope.encode_public_key(opened.hpke.public),
        chain_name=info.chain_name,
        chain_id=section.chain_id,
        contracts=tuple((name, found.address) for name, found in sorted(contracts.deployments.items())),
        is_custodian="custodian" in config.agent.roles,
        is_consumer="consumer" in config.agent.roles,
        custodian=config.custodian,
        consumer=config.consumer,
        confirmation_seconds=section.confirmed_after,
    )
    return Tools(
        config=config,
        ctx=ctx,
        store=open_store(config, ctx, node, streams),
        ethereum=node,
        contracts=contracts,
        streams=streams,
        account=opened.account,
        hpke_private=opened.hpke.private,
        hpke_former=tuple(key.private for key in opened.former),
        secrets=Secrets(opened.vault),
    )


def stream_node(config: Config) -> StreamNode:
    """The client of our stream node."""
    section = config.streams
    return StreamNode(
        section.url,
        section.user,
        streams_password(config),
        timeout=section.timeout_seconds,
        chain_name=section.chain_name,
        verify=True if section.ca_file is None else str(config.path(section.ca_file)),
    )


def own_address(config: Config, streams: StreamNode) -> str:
    """Our MultiChain address: the configured one, else the wallet's first. Raises NoAddress."""
    wallet = streams.addresses()
    wanted = config.streams.address
    if wanted is None and wallet:
        return wallet[0]
    if wanted is not None and wanted in wallet:
        return wanted
    raise NoAddress(
        f"streams.address: {wanted or 'no address'} is not in the wallet of the stream node {streams.url}"
    )


STREAM_ADDRESS = "stream address"


def open_store(config: Config, ctx: Context, node: EthereumNode, streams: StreamNode) -> Store:
    """The database, pinned to what it is about; our stream address may change, once our account has bound
    the new one (`faircart streams join --new-address`).
    """
    origins = _origins(node, streams)
    store = Store(config.database)
    try:
        _pin(store, ctx, streams, origins)
    except FairCartError:
        store.close()
        raise
    return store


def _pin(store: Store, ctx: Context, streams: StreamNode, origins: dict[str, str]) -> None:
    if store.pinned(STREAM_ADDRESS) not in (None, ctx.multichain_address) and _is_bound(ctx, streams):
        store.repin(STREAM_ADDRESS, ctx.multichain_address)
    store.pin(
        {
            **origins,
            "chain id": str(ctx.chain_id),
            **dict(ctx.contracts),
            "account": ctx.address,
            "stream chain": ctx.chain_name,
            STREAM_ADDRESS: ctx.multichain_address,
        }
    )


def _origins(node: EthereumNode, streams: StreamNode) -> dict[str, str]:
    """What tells two chains of the same name apart, as those that were set up anew."""
    genesis = node.head(0)
    found = {} if genesis is None else {"genesis block": "0x" + genesis.hash.hex()}
    if streams.has_stream(names.PARTICIPANTS):
        found["stream participants, made by"] = streams.stream(names.PARTICIPANTS).createtxid
    return found


def _is_bound(ctx: Context, streams: StreamNode) -> bool:
    streams.subscribe(names.PARTICIPANTS)
    found = membership.bindings(streams, ctx.domain("ConsentRegistry"), ctx.chain_name).get(ctx.address)
    return found is not None and found.binding.multichain_address == ctx.multichain_address
