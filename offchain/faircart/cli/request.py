# SPDX-License-Identifier: Apache-2.0
"""`faircart request`: the consumer publishes and closes; the customer lists and accepts."""

import json
import time
from pathlib import Path

import click

from faircart.cli.options import (
    ACCOUNT,
    FILE,
    config_option,
    customer_client,
    customer_options,
    load_config,
    rights_client,
)
from faircart.errors import FairCartError


@click.group()
def request() -> None:
    """Ask for data; see what is asked, and answer."""


@request.command()
@config_option
@click.option(
    "--category", "categories", multiple=True, required=True, help="What kind of data; may be repeated."
)
@click.option("--purpose", required=True, help="What for: a term of the Data Privacy Vocabulary.")
@click.option("--notice", required=True, help="Address of the privacy notice, with its version.")
@click.option("--reward", required=True, type=click.IntRange(min=0), help="Wei for each customer.")
@click.option(
    "--valid-for", required=True, type=click.IntRange(min=1), help="Seconds that a consent shall last."
)
@click.option(
    "--open-for",
    type=click.IntRange(min=1),
    help="Seconds in which offers are looked at (default: 7 days, or the days that the data are kept).",
)
@click.option(
    "--retention-days",
    type=click.IntRange(min=1),
    help="Days that the data are kept (default: the policy's).",
)
@click.option("--conditions", default="", help="Conditions in words.")
@click.option(
    "--processing",
    multiple=True,
    help="What is done with the data: dpv:Store, dpv:Use, …; may be repeated (default: consumer.processing).",
)
@click.option(
    "--storage-location", help="Where they are kept: a country or EU (default: consumer.storage_location)."
)
@click.option("--jurisdiction", help="Whose law applies (default: consumer.jurisdiction).")
def publish(
    config_file: Path,
    categories: tuple[str, ...],
    purpose: str,
    notice: str,
    reward: int,
    valid_for: int,
    open_for: int | None,
    retention_days: int | None,
    conditions: str,
    processing: tuple[str, ...],
    storage_location: str | None,
    jurisdiction: str | None,
) -> None:
    """Publish a signed request under a fresh request key; prints its id."""
    from faircart.agent import offline
    from faircart.agent.asking import Wanted, known_categories, purpose_term

    config = load_config(config_file)
    kept_for = (retention_days or config.consumer.retention_days) * 86400
    if open_for is not None and open_for > kept_for:
        # Its key could open envelopes whose data have to be gone.
        raise click.UsageError(f"--open-for: at most as long as the data are kept, {kept_for} seconds")
    wanted = Wanted(
        categories=known_categories(categories),
        purpose=purpose_term(purpose),
        notice=notice,
        reward=reward,
        valid_for=valid_for,
        retention_days=retention_days or config.consumer.retention_days,
        expires_at=int(time.time()) + (open_for or min(7 * 86400, kept_for)),
        processing=processing or config.consumer.processing,
        storage_location=storage_location or config.consumer.storage_location,
        jurisdiction=jurisdiction or config.consumer.jurisdiction,
        conditions=conditions,
    )
    request_id = offline.publish_request(config, wanted)
    click.echo(json.dumps({"request": request_id.hex()}))


@request.command()
@config_option
@click.argument("request_id", metavar="REQUEST")
def close(config_file: Path, request_id: str) -> None:
    """Close a request and destroy its key."""
    from faircart.agent import offline

    offline.close_request(load_config(config_file), request_id)


@request.command("list")
@customer_options
@click.option("--customer", type=ACCOUNT, required=True, help="The customer's Ethereum address.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list, documents included.")
def list_(api: str, reading_key: Path, password_file: Path, customer: str, as_json: bool) -> None:
    """Show a customer what is asked for: by whom, what for, for how long, for what reward."""
    from faircart.documents import show

    found = customer_client(api, reading_key, password_file, customer=customer).proposals()
    if as_json:
        entries = [
            {
                "id": entry.id,
                "consent": entry.consent.to_json(),
                "terms": entry.terms,
                "document": entry.document,
                "refused": [
                    {"rewardWei": str(one.reward), "validFor": one.valid_for, "reason": one.reason}
                    for one in entry.refused
                ],
            }
            for entry in found
        ]
        click.echo(json.dumps(entries))
        return
    for entry in found:
        click.echo(f"proposal {entry.id}")
        for line in show("consent-record", entry.terms).splitlines():
            click.echo(f"  {line}")
        for one in entry.refused:
            terms = f"{one.reward} wei for {one.valid_for} seconds"
            click.echo(f"  Your other terms, {terms}, were refused: {one.reason}")
        click.echo(f"  The document, 0x{entry.consent.data_root.hex()}:")
        for line in show(entry.record.category, entry.document).splitlines():
            click.echo(f"    {line}")
    if not found:
        click.echo("Nothing is asked of this customer.")


class NoSuchProposal(FairCartError):
    """The customer is not asked this."""


@request.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.argument("proposal")
def accept(api: str, reading_key: Path, password_file: Path, keystore: Path, proposal: str) -> None:
    """Consent by signature to exactly what `list` showed under the id PROPOSAL; the custodian pays the gas.

    The id is that of the consent, which commits to document and record: nothing else can be signed under it.
    """
    client = customer_client(api, reading_key, password_file, keystore=keystore)
    found = next((entry for entry in client.proposals() if entry.id == proposal), None)
    if found is None:
        raise NoSuchProposal(f"There is no proposal {proposal}: `faircart request list` shows what is asked")
    click.echo(json.dumps({"consent": client.accept(found)}))


@request.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.argument("proposal")
def decline(api: str, reading_key: Path, password_file: Path, keystore: Path, proposal: str) -> None:
    """Say no: the proposal is not shown again. Nothing else follows from it."""
    rights_client(api, reading_key, password_file, keystore=keystore).decline(proposal)
    click.echo(json.dumps({"declined": proposal}))


@request.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.option("--reward", required=True, type=click.IntRange(min=0), help="Wei that you would do it for.")
@click.option("--valid-for", required=True, type=click.IntRange(min=3600), help="Seconds that it may last.")
@click.argument("proposal")
def counter(
    api: str,
    reading_key: Path,
    password_file: Path,
    keystore: Path,
    reward: int,
    valid_for: int,
    proposal: str,
) -> None:
    """Answer with other terms; if the consumer agrees, a new proposal appears in `request list`."""
    client = rights_client(api, reading_key, password_file, keystore=keystore)
    click.echo(json.dumps({"counter": client.counter(proposal, reward, valid_for)}))
