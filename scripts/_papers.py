# SPDX-License-Identifier: Apache-2.0
"""Signed papers as files, so that one person signs and another one submits.

A file is one JSON object: `paper` (the struct's name), `chainId` and `contract` (its EIP-712 domain),
`message` (the struct, integers as decimal strings, bytes as 0x-hex) and `signature`.
"""

import json
from dataclasses import dataclass
from typing import Any, Generic, TextIO, TypeVar

import click
from ape.api import AccountAPI
from eth_account.messages import SignableMessage
from faircart.errors import FairCartError
from faircart.papers import Domain, Paper

P = TypeVar("P", bound=Paper)

PAPER_FILE = click.File("r")
OUT = click.option(
    "--out", type=click.File("w", lazy=True), default="-", help="File to write to. Default: standard output."
)


@dataclass(frozen=True)
class Signed(Generic[P]):
    """A paper with its signature."""

    paper: P
    signature: bytes


def sign(account: AccountAPI, paper: Paper, domain: Domain) -> bytes:
    """The account's EIP-712 signature, 65 bytes. Raises ClickException if the account declines."""
    signature = account.sign_message(SignableMessage(b"\x01", domain.separator(), paper.hash_struct()))
    if signature is None:
        raise click.ClickException(f"{account.address} did not sign; nothing was written.")
    return bytes(signature.encode_rsv())


def save(out: TextIO, paper: Paper, domain: Domain, signature: bytes) -> None:
    """Writes a signed paper."""
    document = {
        "paper": type(paper).__name__,
        "chainId": str(domain.chain_id),
        "contract": domain.verifying_contract,
        "message": paper.to_json(),
        "signature": "0x" + signature.hex(),
    }
    out.write(json.dumps(document, indent=1) + "\n")


def load(file: TextIO, kind: type[P], domain: Domain) -> Signed[P]:
    """The signed paper in a file. Raises ClickException, naming the file, if it holds something else or was
    signed for another chain or contract."""
    document = _document(file)
    name = kind.__name__
    if document.get("paper") != name:
        raise click.ClickException(
            f"{file.name} holds {document.get('paper', 'no paper')!r}, not a signed {name}."
        )
    wanted = (str(domain.chain_id), domain.verifying_contract)
    found = (str(document.get("chainId")), document.get("contract"))
    if found != wanted:
        raise click.ClickException(
            f"{file.name} was signed for chain {found[0]} and contract {found[1]}, not for chain "
            f"{wanted[0]} and contract {wanted[1]}. Check --network, or have it signed anew."
        )
    try:
        paper = kind.from_json(document.get("message"))
        signature = bytes.fromhex(str(document.get("signature", "")).removeprefix("0x"))
    except (FairCartError, ValueError) as error:
        raise click.ClickException(f"{file.name} is damaged: {error}") from error
    return Signed(paper, signature)


def _document(file: TextIO) -> dict[str, Any]:
    try:
        document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise click.ClickException(f"{file.name} holds no JSON object.")
    return document
