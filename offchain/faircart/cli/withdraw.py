# SPDX-License-Identifier: Apache-2.0
"""`faircart withdraw`: as easy as consenting, and without gas."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from faircart.cli.ledgers import UnreadableFile, hex_id, read_canonical, read_json
from faircart.cli.options import FILE, customer_options, rights_client
from faircart.errors import FairCartError

if TYPE_CHECKING:
    from faircart.rights.customer import RightsClient


class OtherRegistry(FairCartError):
    """A receipt is for another chain or registry than the agent's."""


@click.command()
@customer_options
@click.option("--keystore", type=FILE, required=True, help="The customer's Ethereum keystore.")
@click.option("--all", "everything", is_flag=True, help="Withdraw everything, in one step.")
@click.option("--epoch", type=click.IntRange(min=0), help="With --all: not the current epoch, but this one.")
@click.argument("consent", required=False)
def withdraw(
    api: str,
    reading_key: Path,
    password_file: Path,
    keystore: Path,
    everything: bool,
    epoch: int | None,
    consent: str | None,
) -> None:
    """Withdraw the consent CONSENT: its id, or the JSON file of the consent or of its receipt.

    What the consent renewed is withdrawn with it; an agent that is not the consent's shop cannot do that, and
    says what is left (`stillStands`). The shop pays the gas, and is bound from now on.
    """
    if everything == (consent is not None):
        raise click.UsageError("name either a CONSENT or --all")
    client = rights_client(api, reading_key, password_file, keystore=keystore)
    if consent is None:
        next_epoch = client.withdraw_everything() if epoch is None else client.withdraw_all(epoch)
        click.echo(json.dumps({"nextEpoch": next_epoch}))
        return
    from faircart.papers import Consent

    path = Path(consent)
    if path.is_file():
        value: Any = read_json(path, "CONSENT")
        if isinstance(value, dict) and "faircart:consent" in value:
            said = _by_receipt(client, read_canonical(path, "CONSENT"))
        else:
            said = {"withdrawn": [client.withdraw(Consent.from_json(value))]}
        click.echo(json.dumps(said))
        return
    if path.suffix or path.parent.name:
        raise UnreadableFile(f"CONSENT: there is no file {consent}")
    click.echo(json.dumps({"withdrawn": client.withdraw_by_id(hex_id(consent, "CONSENT"))}))


def _by_receipt(client: "RightsClient", receipt: Any) -> dict[str, Any]:
    """Withdraws what a receipt is of, and what that renewed if this is its custodian."""
    from faircart.papers import Domain
    from faircart.rights import receipts

    paper = receipts.check_alone(receipt)
    evidence, replaces = receipt["faircart:evidence"], receipt["dpv:hasRecordOfActivity"].get("dct:replaces")
    if client.domain() != Domain(evidence["chainId"], evidence["registry"]):
        raise OtherRegistry(
            "registry: the receipt is for another chain or registry than this agent's; ask another agent"
        )
    if client.about()["address"] == paper.custodian:
        return {"withdrawn": client.withdraw_by_id(bytes.fromhex(evidence["consentId"][2:]))}
    left = {} if replaces is None else {"stillStands": replaces}
    return {"withdrawn": [client.withdraw(paper)], **left}
