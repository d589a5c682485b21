# SPDX-License-Identifier: Apache-2.0
"""Sealed documents against payment: the calls of DataExchange.

    ape run exchange prepare orders.json --version orders.version      (prints the data root to consent to)
    ape run exchange seal orders.version --item item.bin --secrets secrets.json --pad pad.json
    ape run exchange offer consent.json --item item.bin --secrets secrets.json --account shop \\
        --fee '0.0001 ether' --custodian-deposit '0.001 ether' --consumer-deposit '0.001 ether' \\
        --out offer.json
    ape run exchange fund --amount '0.1 ether' --account shop
    ape run exchange open consent.json offer.json --item item.bin --pad pad.json --account consumer
    ape run exchange deliver offer.json secrets.json --account shop
    ape run exchange unseal offer.json --item item.bin --pad pad.json --out orders.received.json
    ape run exchange confirm offer.json --account consumer

Each command shows what will happen and the gas before it sends; `--dry-run` stops there.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from faircart.errors import FairCartError
from faircart.papers import Consent, Offer, Sealing, Terms
from faircart.sealing import (
    Item,
    check,
    open_item,
    opens,
    prove_chunk,
    unpad_document,
    wrap,
)

from scripts import _items, _offers, _papers
from scripts._arguments import Address, Amount, Duration, moment
from scripts._call import Deployed, deployed, records_option, send, sending, sending_options
from scripts._connected import NodeCommand
from scripts._credits import add_credit_commands
from scripts._exchange_sentences import STATES
from scripts._papers import Signed
from scripts._tx import ether

EXCHANGE = "DataExchange"
REGISTRY = "ConsentRegistry"

ITEM = click.option("--item", type=_items.FILE, required=True, help="The sealed item.")
PAD = click.option("--pad", type=_items.FILE, required=True, help="The pad's file, from the envelope.")


@click.group()
def cli() -> None:
    """Seal documents, offer, open, deliver and close exchanges through DataExchange."""


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.argument("consent", type=_papers.PAPER_FILE)
@ITEM
@click.option("--secrets", type=_items.FILE, required=True, help="What `seal` wrote beside the item.")
@click.option("--fee", type=Amount(), help="For the custodian, for example '0.001 ether'.")
@click.option("--custodian-deposit", type=Amount(), help="Lost if it does not deliver.")
@click.option("--consumer-deposit", type=Amount(), help="Lost if it does not respond.")
@click.option(
    "--like",
    type=_papers.PAPER_FILE,
    help="Take all terms from this offer, so that both can go into one batch.",
)
@click.option(
    "--deliver-within", type=Duration("10m", "1d"), default="1h", help="From 10m to 1d. Default: 1h."
)
@click.option(
    "--respond-within", type=Duration("10m", "7d"), default="1d", help="From 10m to 7d. Default: 1d."
)
@click.option("--valid-for", type=Duration(), default="1h", help="How long it can be opened. Default: 1h.")
@_papers.OUT
def offer(
    account: AccountAPI,
    provider: ProviderAPI,
    records: Path,
    consent: TextIO,
    item: Path,
    secrets: Path,
    fee: int | None,
    custodian_deposit: int | None,
    consumer_deposit: int | None,
    like: TextIO | None,
    deliver_within: int,
    respond_within: int,
    valid_for: int,
    out: TextIO,
) -> None:
    """The custodian signs an offer of a sealed item under CONSENT. Nothing is sent."""
    exchange = deployed(provider, records, EXCHANGE)
    registry = deployed(provider, records, REGISTRY).domain
    paper = _papers.load(consent, Consent, registry).paper
    key, pad = _items.read_secret(secrets, "key"), _items.read_secret(secrets, "pad")
    root = _items.read_item(item).item_root
    if like is not None:
        terms = _papers.load(like, Offer, exchange.domain).paper.terms
    elif fee is None or custodian_deposit is None or consumer_deposit is None:
        raise click.UsageError("Give --fee, --custodian-deposit and --consumer-deposit, or --like.")
    else:
        terms = Terms(
            consumer=paper.consumer,
            custodian=paper.custodian,
            fee=fee,
            custodian_deposit=custodian_deposit,
            consumer_deposit=consumer_deposit,
            deliver_within=deliver_within,
            respond_within=respond_within,
            valid_until=exchange.later(valid_for),
        )
    if (terms.consumer, terms.custodian) != (paper.consumer, paper.custodian):
        raise click.ClickException(
            "The terms name other parties than the consent. Offer on terms of its own."
        )
    made = Offer(
        consent_id=paper.digest(registry),
        customer=paper.customer,
        reward=paper.reward,
        terms=terms,
        sealing=Sealing(root, sha256(key).digest(), sha256(pad).digest()),
    )
    _checked(_items.read_item(item), paper, made, pad)
    click.echo(
        f"{paper.custodian} offers exchange 0x{made.digest(exchange.domain).hex()} to {paper.consumer} for "
        f"{ether(terms.fee)}, and {ether(paper.reward)} for the customer, "
        f"until {moment(made.terms.valid_until)}.",
        err=True,
    )
    _papers.save(out, made, exchange.domain, _papers.sign(account, made, exchange.domain))


@cli.command(cls=NodeCommand)
@click.option("--amount", type=Amount(), required=True, help="How much, for example '0.1 ether'.")
@sending_options
def fund(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, amount: int
) -> None:
    """Add ether to the caller's standing balance."""
    exchange = deployed(provider, records, EXCHANGE)
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.fund(),
        f"{ether(amount)} go into the standing balance of {account.address}.",
        value=amount,
    )


@cli.command(cls=NodeCommand)
@click.option("--to", type=Address(), required=True, help="Who receives the ether.")
@click.option("--amount", type=Amount(), required=True, help="How much, for example '0.1 ether'.")
@sending_options
def withdraw(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    to: str,
    amount: int,
) -> None:
    """Send part of the caller's standing balance to an account of its choice."""
    exchange = deployed(provider, records, EXCHANGE)
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.withdraw(to, amount),
        f"{ether(amount)} of the standing balance of {account.address} go to {to}.",
    )


@cli.command(cls=NodeCommand)
@click.argument("owner", type=Address())
@records_option()
def balance(provider: ProviderAPI, records: Path, owner: str) -> None:
    """The standing balance of OWNER."""
    exchange = deployed(provider, records, EXCHANGE)
    amount = exchange.view(exchange.functions.balanceOf(owner))
    click.echo(f"{owner} has a standing balance of {ether(amount)} ({amount} wei)")


@cli.command("open", cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE)
@click.argument("offer", type=_papers.PAPER_FILE)
@ITEM
@PAD
@click.option("--value", type=Amount(), help="Ether to send. Default: exactly what is needed.")
@sending_options
def open_(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    consent: TextIO,
    offer: TextIO,
    item: Path,
    pad: Path,
    value: int | None,
) -> None:
    """The consumer checks the item against CONSENT and OFFER, and opens the exchange."""
    exchange = deployed(provider, records, EXCHANGE)
    paper = _papers.load(consent, Consent, deployed(provider, records, REGISTRY).domain).paper
    signed = _papers.load(offer, Offer, exchange.domain)
    _checked(_items.read_item(item), paper, signed.paper, _items.read_secret(pad, "pad"))
    needed = _offers.pays(signed.paper)
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.open(
            _offers.scope(paper), signed.paper.terms.abi(), _offers.sale(signed.paper), signed.signature
        ),
        _offers.locks(signed.paper),
        value=needed if value is None else value,
    )


@cli.command(cls=NodeCommand)
@click.argument("papers", type=_papers.PAPER_FILE, nargs=-1, required=True)
@click.option("--value", type=Amount(), help="Ether to send. Default: exactly what all of them need.")
@sending_options
def open_many(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    papers: tuple[TextIO, ...],
    value: int | None,
) -> None:
    """The consumer opens a batch. PAPERS: a consent, its offer, the next consent, its offer, and so on.

    What can no longer be opened is skipped. Check the items before: `check-item`.
    """
    exchange = deployed(provider, records, EXCHANGE)
    registry = deployed(provider, records, REGISTRY).domain
    if len(papers) % 2:
        raise click.UsageError("PAPERS is a list of pairs: a consent and its offer.")
    consents = [_papers.load(file, Consent, registry).paper for file in papers[::2]]
    offers = [_papers.load(file, Offer, exchange.domain) for file in papers[1::2]]
    needed = sum(_offers.pays(signed.paper) for signed in offers)
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.openMany(
            [_offers.scope(paper) for paper in consents],
            _shared_terms(offers).abi(),
            [_offers.sale(signed.paper) for signed in offers],
            [signed.signature for signed in offers],
        ),
        *(_offers.locks(signed.paper) for signed in offers),
        value=needed if value is None else value,
    )


@cli.command(cls=NodeCommand)
@click.argument("offer", type=_papers.PAPER_FILE)
@click.argument("secrets", type=_items.FILE)
@sending_options
def deliver(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    offer: TextIO,
    secrets: Path,
) -> None:
    """The custodian delivers the key in SECRETS for OFFER."""
    exchange, paper = _loaded(provider, records, offer)
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.deliver(paper.terms.abi(), _offers.sale(paper), _wrapped(paper, secrets)),
        "The key is disclosed to the consumer as soon as this is broadcast, even if it is never mined.",
    )


@cli.command(cls=NodeCommand)
@click.argument("files", type=_items.FILE, nargs=-1, required=True)
@sending_options
def deliver_many(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    files: tuple[Path, ...],
) -> None:
    """The custodian delivers a batch. FILES: an offer, its secrets, the next offer, its secrets, and so on.

    What can no longer be delivered is skipped.
    """
    exchange = deployed(provider, records, EXCHANGE)
    if len(files) % 2:
        raise click.UsageError("FILES is a list of pairs: an offer and its secrets.")
    offers = []
    for path in files[::2]:
        with path.open() as file:
            offers.append(_papers.load(file, Offer, exchange.domain))
    keys = [_wrapped(signed.paper, path) for signed, path in zip(offers, files[1::2], strict=True)]
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.deliverMany(
            _shared_terms(offers).abi(), [_offers.sale(signed.paper) for signed in offers], keys
        ),
        f"{len(keys)} keys are disclosed as soon as this is broadcast, even if it is never mined.",
    )


@cli.command(cls=NodeCommand)
@click.argument("offers", type=_papers.PAPER_FILE, nargs=-1, required=True)
@sending_options
def confirm_many(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    offers: tuple[TextIO, ...],
) -> None:
    """The consumer confirms the OFFERS whose documents it has. What can no longer be is skipped."""
    exchange = deployed(provider, records, EXCHANGE)
    signed = [_papers.load(file, Offer, exchange.domain) for file in offers]
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.confirmMany(
            _shared_terms(signed).abi(), [_offers.sale(one.paper) for one in signed]
        ),
        *(_offers.settles(one.paper) for one in signed),
    )


def _closing(name: str, function: str, help_text: str, says: Any) -> None:
    """Adds a command that closes, or voids, the exchange of one OFFER."""

    @cli.command(name, cls=NodeCommand, help=help_text)
    @click.argument("offer", type=_papers.PAPER_FILE)
    @sending_options
    def command(
        account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, offer: TextIO
    ) -> None:
        exchange, paper = _loaded(provider, records, offer)
        send(
            exchange,
            sending(provider, account, depth, dry_run),
            exchange.functions[function](paper.terms.abi(), _offers.sale(paper)),
            says(paper),
        )


_closing("confirm", "confirm", "The consumer has what OFFER promised; everybody is paid.", _offers.settles)
_closing(
    "settle",
    "settle",
    "Settle OFFER after the consumer's silence; anyone can.",
    _offers.settles_without_response,
)
_closing("concede", "concede", "The custodian admits a fault in OFFER.", _offers.all_to_consumer)
_closing("abort", "abort", "Undo OFFER's exchange: its consent ended before the delivery.", _offers.all_back)
_closing(
    "cancel", "cancel", "Close OFFER's exchange: nothing was delivered in time; anyone can.", _offers.cancels
)
_closing(
    "void-offer",
    "voidOffer",
    "The custodian withdraws an OFFER that was not opened.",
    lambda _: "The offer can never be opened any more.",
)


@cli.command(cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE)
@click.argument("offer", type=_papers.PAPER_FILE)
@ITEM
@PAD
@records_option()
def check_item(
    provider: ProviderAPI, records: Path, consent: TextIO, offer: TextIO, item: Path, pad: Path
) -> None:
    """Whether an item is what CONSENT and OFFER say, so that any false chunk could be proven."""
    exchange = deployed(provider, records, EXCHANGE)
    paper = _papers.load(consent, Consent, deployed(provider, records, REGISTRY).domain).paper
    offered = _papers.load(offer, Offer, exchange.domain).paper
    _checked(_items.read_item(item), paper, offered, _items.read_secret(pad, "pad"))
    click.echo("The item is the one that was consented to and offered.")


@cli.command(cls=NodeCommand)
@click.argument("offer", type=_papers.PAPER_FILE)
@ITEM
@PAD
@click.option("--out", type=_items.NEW_FILE, required=True, help="File to write the document to.")
@records_option()
def unseal(provider: ProviderAPI, records: Path, offer: TextIO, item: Path, pad: Path, out: Path) -> None:
    """Decrypt the item of a delivered OFFER, and check every chunk."""
    exchange, paper = _loaded(provider, records, offer)
    key = wrap(_delivered_key(exchange, paper), _items.read_secret(pad, "pad"))
    if not opens(key, paper.sealing.key_hash):
        raise click.ClickException("The key is wrong. Prove it: ape run exchange prove-fault.")
    opened = open_item(_items.read_item(item), key)
    if opened.wrong_chunks:
        raise click.ClickException(
            f"Chunks {', '.join(map(str, opened.wrong_chunks))} are not what the customer signed. Ask the "
            "custodian to concede, then prove it: ape run exchange prove-fault."
        )
    if not opened.tag_ok:
        click.echo("The item's tag is wrong; every chunk is right, so the document is.", err=True)
    _items.write_secret(out, unpad_document(opened.document))
    click.echo(f"Every chunk is what the customer signed. Written: {out}", err=True)


@cli.command(cls=NodeCommand)
@click.argument("offer", type=_papers.PAPER_FILE)
@ITEM
@PAD
@sending_options
def prove_fault(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    offer: TextIO,
    item: Path,
    pad: Path,
) -> None:
    """The consumer proves that the delivered key of OFFER, or a chunk of its item, is wrong."""
    exchange, paper = _loaded(provider, records, offer)
    wrapped, cover = _delivered_key(exchange, paper), _items.read_secret(pad, "pad")
    key, says = wrap(wrapped, cover), [_offers.all_to_consumer(paper)]
    proof: tuple[Any, ...] = (wrapped, cover, 0, b"", bytes(32), [])
    if opens(key, paper.sealing.key_hash):
        found = _items.read_item(item)
        wrong = open_item(found, key).wrong_chunks
        if not wrong:
            raise click.ClickException("Key and chunks are right: there is no fault to prove. Confirm.")
        chunk = prove_chunk(found, wrong[0])
        proof = (wrapped, cover, chunk.index, chunk.ciphertext_chunk, chunk.data_leaf, chunk.path)
        says += [
            f"Chunk {wrong[0]} is wrong. The proof publishes the pad: whoever holds the item can read it "
            "then. It is the last resort; ask the custodian to concede first."
        ]
    send(
        exchange,
        sending(provider, account, depth, dry_run),
        exchange.functions.proveFault(paper.abi(), proof),
        *says,
    )


@cli.command(cls=NodeCommand)
@click.argument("offer", type=_papers.PAPER_FILE)
@records_option()
def show(provider: ProviderAPI, records: Path, offer: TextIO) -> None:
    """Where the exchange of OFFER stands."""
    exchange, paper = _loaded(provider, records, offer)
    exchange_id = paper.digest(exchange.domain)
    state, deadline = exchange.view(exchange.functions.stateOf(exchange_id))
    until = f" until {moment(deadline)}" if deadline else ""
    click.echo(f"Exchange 0x{exchange_id.hex()}: {STATES[state]}{until}")
    click.echo(
        f"{ether(_offers.pays(paper))} from {paper.terms.consumer}, deposit "
        f"{ether(paper.terms.custodian_deposit)} of {paper.terms.custodian}, "
        f"consent 0x{paper.consent_id.hex()}"
    )


def _loaded(provider: ProviderAPI, records: Path, offer: TextIO) -> tuple[Deployed, Offer]:
    exchange = deployed(provider, records, EXCHANGE)
    return exchange, _papers.load(offer, Offer, exchange.domain).paper


def _checked(item: Item, consent: Consent, offer: Offer, pad: bytes) -> None:
    """What a consumer makes sure of before it pays. Raises ClickException if anything is wrong."""
    try:
        check(item, consent.data_root, offer.sealing.item_root)
    except FairCartError as error:
        raise click.ClickException(f"Do not open this: {error}.") from error
    if sha256(pad).digest() != offer.sealing.pad_hash:
        raise click.ClickException("Do not open this: the pad is not the offer's.")


def _wrapped(offer: Offer, secrets: Path) -> bytes:
    """Key xor pad, if they are the offer's: any others would cost the custodian its deposit."""
    key, pad = _items.read_secret(secrets, "key"), _items.read_secret(secrets, "pad")
    if (sha256(key).digest(), sha256(pad).digest()) != (offer.sealing.key_hash, offer.sealing.pad_hash):
        raise click.ClickException(f"{secrets} belongs to another offer; nothing was sent.")
    return wrap(key, pad)


def _delivered_key(exchange: Deployed, offer: Offer) -> bytes:
    """The wrapped key in the exchange's Delivered event."""
    exchange_id = offer.digest(exchange.domain)
    found = exchange.contract.events.Delivered().get_logs(
        from_block=exchange.block, argument_filters={"exchangeId": exchange_id}
    )
    if not found:
        raise click.ClickException(f"Exchange 0x{exchange_id.hex()} is not delivered.")
    return bytes(found[-1]["args"]["wrappedKey"])


def _shared_terms(offers: Sequence[Signed[Offer]]) -> Terms:
    """The terms of a batch. Raises ClickException unless all offers have the same."""
    terms = offers[0].paper.terms
    for number, signed in enumerate(offers[1:], start=2):
        if signed.paper.terms != terms:
            raise click.ClickException(
                f"Offer {number} has other terms than the first. Only offers with the same parties, amounts, "
                "windows and validity go into one batch."
            )
    return terms


_items.add_item_commands(cli)
add_credit_commands(cli, EXCHANGE)
