# SPDX-License-Identifier: Apache-2.0
"""Consents: signing, granting and withdrawing them: the calls of ConsentRegistry.

    ape run consent sign --account customer --consumer 0x... --custodian 0x... --data-root 0x... \\
        --record record.json --reward '0.001 ether' --valid-for 30d --out consent.json
    ape run consent grant-for consent.json --account shop
    ape run consent sign-revocation consent.json --account customer --out revocation.json
    ape run consent revoke-for revocation.json --account shop

Each command shows what will happen and the gas before it sends; `--dry-run` stops there.
"""

import json
import secrets
from pathlib import Path
from typing import Any, TextIO

import click
from ape.api import AccountAPI, ProviderAPI
from ape.cli import account_option
from faircart.canonical import commitment
from faircart.errors import FairCartError
from faircart.papers import Consent, Revocation, RevocationOfAll

from scripts import _papers
from scripts._arguments import Address, Amount, Bytes32, Duration, moment
from scripts._call import Deployed, deployed, records_option, send, sending, sending_options
from scripts._connected import NodeCommand
from scripts._tx import ether

REGISTRY = "ConsentRegistry"


@click.group()
def cli() -> None:
    """Grant and withdraw consents in ConsentRegistry."""


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.option("--customer", type=Address(), help="The customer, if a contract account. Default: the account.")
@click.option("--consumer", type=Address(), required=True, help="Who may receive the document.")
@click.option("--custodian", type=Address(), required=True, help="Who holds it and hands it over.")
@click.option(
    "--data-root", type=Bytes32(), required=True, help="Root of the document that the customer was shown."
)
@click.option(
    "--record",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Consent record (JSON with a salt); its commitment becomes the terms.",
)
@click.option("--terms", type=Bytes32(), help="Salted commitment to the consent record, instead of it.")
@click.option("--reward", type=Amount(), required=True, help="For each exchange, for example '0.001 ether'.")
@click.option("--valid-for", type=Duration(), required=True, help="How long, for example '30d'.")
@_papers.OUT
def sign(
    account: AccountAPI,
    provider: ProviderAPI,
    records: Path,
    customer: str | None,
    consumer: str,
    custodian: str,
    data_root: bytes,
    record: Path | None,
    terms: bytes | None,
    reward: int,
    valid_for: int,
    out: TextIO,
) -> None:
    """The customer signs a consent, for anyone to submit. Nothing is sent."""
    registry = deployed(provider, records, REGISTRY)
    customer = customer or account.address
    consent = Consent(
        customer=customer,
        consumer=consumer,
        custodian=custodian,
        data_root=data_root,
        terms=_committed(record, terms),
        reward=reward,
        valid_until=registry.later(valid_for),
        epoch=registry.view(registry.functions.epochOf(customer)),
    )
    click.echo(_grants(consent), err=True)
    _papers.save(out, consent, registry.domain, _papers.sign(account, consent, registry.domain))


@cli.command(cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE)
@sending_options
def grant(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, consent: TextIO
) -> None:
    """The customer grants CONSENT itself."""
    registry = deployed(provider, records, REGISTRY)
    paper = _papers.load(consent, Consent, registry.domain).paper
    send(
        registry,
        sending(provider, account, depth, dry_run),
        registry.functions.grant(paper.abi()),
        _grants(paper),
    )


@cli.command(cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE)
@sending_options
def grant_for(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, consent: TextIO
) -> None:
    """Submit a CONSENT that its customer signed."""
    registry = deployed(provider, records, REGISTRY)
    signed = _papers.load(consent, Consent, registry.domain)
    send(
        registry,
        sending(provider, account, depth, dry_run),
        registry.functions.grantFor(signed.paper.abi(), signed.signature),
        _grants(signed.paper),
    )


@cli.command(cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE, required=False)
@click.option("--id", "consent_id", type=Bytes32(), help="A consent that is on record, instead of its file.")
@sending_options
def revoke(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    consent: TextIO | None,
    consent_id: bytes | None,
) -> None:
    """The customer withdraws CONSENT, also one that was never submitted."""
    registry = deployed(provider, records, REGISTRY)
    if (consent is None) == (consent_id is None):
        raise click.UsageError("Give either the consent's file or --id.")
    paper = None if consent is None else _papers.load(consent, Consent, registry.domain).paper
    if paper is not None:
        consent_id = paper.digest(registry.domain)
    assert consent_id is not None
    function = _withdrawal(registry, consent_id, paper)
    send(registry, sending(provider, account, depth, dry_run), function, _withdraws(consent_id))


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.argument("consent", type=_papers.PAPER_FILE, required=False)
@click.option("--id", "consent_id", type=Bytes32(), help="A consent that is on record, instead of its file.")
@_papers.OUT
def sign_revocation(
    account: AccountAPI,
    provider: ProviderAPI,
    records: Path,
    consent: TextIO | None,
    consent_id: bytes | None,
    out: TextIO,
) -> None:
    """The customer signs a withdrawal, for anyone to submit. It never expires. Nothing is sent."""
    registry = deployed(provider, records, REGISTRY)
    if (consent is None) == (consent_id is None):
        raise click.UsageError("Give either the consent's file or --id.")
    if consent is not None:
        consent_id = _papers.load(consent, Consent, registry.domain).paper.digest(registry.domain)
    assert consent_id is not None
    revocation = Revocation(consent_id=consent_id)
    click.echo(_withdraws(consent_id), err=True)
    _papers.save(out, revocation, registry.domain, _papers.sign(account, revocation, registry.domain))


@cli.command(cls=NodeCommand)
@click.argument("revocation", type=_papers.PAPER_FILE)
@click.option("--consent", type=_papers.PAPER_FILE, help="The consent's file, if it was never submitted.")
@sending_options
def revoke_for(
    account: AccountAPI,
    provider: ProviderAPI,
    depth: Any,
    dry_run: bool,
    records: Path,
    revocation: TextIO,
    consent: TextIO | None,
) -> None:
    """Submit a REVOCATION that the customer signed."""
    registry = deployed(provider, records, REGISTRY)
    signed = _papers.load(revocation, Revocation, registry.domain)
    consent_id = signed.paper.consent_id
    paper = None if consent is None else _papers.load(consent, Consent, registry.domain).paper
    if consent is not None and paper is not None and paper.digest(registry.domain) != consent_id:
        raise click.ClickException(f"{revocation.name} withdraws another consent than {consent.name}.")
    function = _withdrawal(registry, consent_id, paper, signed.signature)
    send(registry, sending(provider, account, depth, dry_run), function, _withdraws(consent_id))


@cli.command(cls=NodeCommand)
@sending_options
def revoke_all(account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path) -> None:
    """The customer withdraws everything it ever granted or signed."""
    registry = deployed(provider, records, REGISTRY)
    current = registry.view(registry.functions.epochOf(account.address))
    send(
        registry,
        sending(provider, account, depth, dry_run),
        registry.functions.revokeAll(_next_epoch(current)),
        f"Every consent that {account.address} granted or signed in epoch {current} ends for good.",
    )


@cli.command(cls=NodeCommand)
@account_option()
@records_option()
@click.option("--customer", type=Address(), help="The customer, if a contract account. Default: the account.")
@_papers.OUT
def sign_revocation_of_all(
    account: AccountAPI, provider: ProviderAPI, records: Path, customer: str | None, out: TextIO
) -> None:
    """The customer signs a withdrawal of everything, for anyone to submit. Nothing is sent."""
    registry = deployed(provider, records, REGISTRY)
    customer = customer or account.address
    current = registry.view(registry.functions.epochOf(customer))
    paper = RevocationOfAll(customer=customer, epoch=current, next_epoch=_next_epoch(current))
    click.echo(f"Every consent that {customer} granted or signed in epoch {current} ends for good.", err=True)
    _papers.save(out, paper, registry.domain, _papers.sign(account, paper, registry.domain))


@cli.command(cls=NodeCommand)
@click.argument("revocation", type=_papers.PAPER_FILE)
@sending_options
def revoke_all_for(
    account: AccountAPI, provider: ProviderAPI, depth: Any, dry_run: bool, records: Path, revocation: TextIO
) -> None:
    """Submit a REVOCATION of everything that the customer signed."""
    registry = deployed(provider, records, REGISTRY)
    signed = _papers.load(revocation, RevocationOfAll, registry.domain)
    paper = signed.paper
    send(
        registry,
        sending(provider, account, depth, dry_run),
        registry.functions.revokeAllFor(paper.abi(), signed.signature),
        f"Every consent that {paper.customer} granted or signed in epoch {paper.epoch} ends for good.",
    )


@cli.command(cls=NodeCommand)
@click.argument("consent", type=_papers.PAPER_FILE, required=False)
@click.option("--id", "consent_id", type=Bytes32(), help="The consent's id, instead of its file.")
@records_option()
def show(provider: ProviderAPI, records: Path, consent: TextIO | None, consent_id: bytes | None) -> None:
    """What is on record about CONSENT."""
    registry = deployed(provider, records, REGISTRY)
    if (consent is None) == (consent_id is None):
        raise click.UsageError("Give either the consent's file or --id.")
    if consent is not None:
        consent_id = _papers.load(consent, Consent, registry.domain).paper.digest(registry.domain)
    assert consent_id is not None
    ended = registry.view(registry.functions.endedAt(consent_id))
    customer, valid_until, revoked_at, epoch = registry.view(registry.functions.recordOf(consent_id))
    state = f"ended at {moment(ended)}" if ended else f"active until {moment(valid_until)}"
    click.echo(f"Consent 0x{consent_id.hex()} of {customer}: {state}")
    click.echo(
        f"Epoch {epoch}, " + (f"withdrawn at {moment(revoked_at)}" if revoked_at else "not withdrawn itself")
    )


@cli.command(cls=NodeCommand)
@click.argument("customer", type=Address())
@records_option()
def epoch(provider: ProviderAPI, records: Path, customer: str) -> None:
    """The epoch that CUSTOMER's next consent has to name."""
    registry = deployed(provider, records, REGISTRY)
    click.echo(registry.view(registry.functions.epochOf(customer)))


def _withdrawal(registry: Deployed, consent_id: bytes, paper: Consent | None, *signature: bytes) -> Any:
    """The call that withdraws: by the id, which is cheaper, where the consent is on record, or `paper` is not
    at hand and the registry will say that it needs it."""
    calls = registry.functions
    by_id, whole = (calls.revokeByIdFor, calls.revokeFor) if signature else (calls.revokeById, calls.revoke)
    if paper is None or registry.takes(calls.endedAt(consent_id)):
        return by_id(consent_id, *signature)
    return whole(paper.abi(), *signature)


def _next_epoch(current: int) -> int:
    """An epoch drawn at random, so that nobody can have had a paper signed for it."""
    while True:
        drawn = secrets.randbits(32)
        if drawn != current:
            return drawn


def _committed(record: Path | None, terms: bytes | None) -> bytes:
    if (record is None) == (terms is None):
        raise click.UsageError("Give either --record or --terms.")
    if terms is not None:
        return terms
    assert record is not None
    try:
        return commitment(json.loads(record.read_text()))
    except (ValueError, RecursionError, FairCartError) as error:
        raise click.ClickException(f"{record}: {error}") from error


def _grants(consent: Consent) -> str:
    return (
        f"{consent.customer} lets {consent.custodian} pass the document 0x{consent.data_root.hex()} to "
        f"{consent.consumer} until {moment(consent.valid_until)}, for {ether(consent.reward)} each time."
    )


def _withdraws(consent_id: bytes) -> str:
    return f"Consent 0x{consent_id.hex()} ends, or can never begin. This is final."
