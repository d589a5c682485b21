# SPDX-License-Identifier: Apache-2.0
"""Papers: their digests are those of Solidity, their JSON is exact, their signatures name the signer."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak
from faircart import papers
from faircart.papers import Domain, Paper, PaperError, SignatureInvalid
from hypothesis import given
from hypothesis import strategies as st

ALICE = Account.from_key(b"\x01" * 32)
DOMAIN = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")

SEALING_TYPE = "Sealing(bytes32 itemRoot,bytes32 keyHash,bytes32 padHash)"
TERMS_TYPE = (
    "Terms(address consumer,address custodian,uint256 fee,uint256 custodianDeposit,uint256 consumerDeposit,"
    "uint32 deliverWithin,uint32 respondWithin,uint64 validUntil)"
)
FULL_TYPE: dict[type[Paper], str] = {
    papers.Offer: (
        "Offer(bytes32 consentId,address customer,uint256 reward,Terms terms,Sealing sealing)"
        + SEALING_TYPE
        + TERMS_TYPE
    )
}
ALL: list[type[Paper]] = [
    papers.Order,
    papers.Settlement,
    papers.Consent,
    papers.Revocation,
    papers.RevocationOfAll,
    papers.Terms,
    papers.Sealing,
    papers.Offer,
    papers.CreditWithdrawal,
    papers.Binding,
]

addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())


def values(kind: str) -> st.SearchStrategy[Any]:
    if kind == "address":
        return addresses
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind == "string":
        return st.text(st.characters(codec="utf-8"), max_size=40)
    if kind == "bytes32":
        return st.binary(min_size=32, max_size=32)
    if kind == "bytes":
        return st.binary(max_size=80)
    return instances(getattr(papers, kind))


def instances(paper: type[Paper]) -> st.SearchStrategy[Any]:
    members = paper.TYPE[paper.TYPE.index("(") + 1 : -1].split(",")
    return st.builds(paper, *[values(member.split(" ")[0]) for member in members])


any_paper = st.sampled_from(ALL).flatmap(instances)


def solidity_hash(paper: Paper) -> bytes:
    """keccak256(abi.encode(TYPEHASH, members)), written down again as the contracts do it."""
    members = type(paper).TYPE[type(paper).TYPE.index("(") + 1 : -1].split(",")
    kinds, words = ["bytes32"], [keccak(text=FULL_TYPE.get(type(paper), type(paper).TYPE))]
    for member, field in zip(members, dataclasses.fields(paper), strict=True):  # type: ignore[arg-type]
        kind, value = member.split(" ")[0], getattr(paper, field.name)
        if isinstance(value, Paper):
            kind, value = "bytes32", solidity_hash(value)
        elif kind in ("string", "bytes"):
            kind, value = "bytes32", keccak(value.encode() if isinstance(value, str) else value)
        kinds.append(kind)
        words.append(value)
    return keccak(encode(kinds, words))


@given(any_paper, st.integers(0, 2**64), addresses)
def test_a_digest_is_what_solidity_computes(paper: Paper, chain_id: int, contract: str) -> None:
    domain_type = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    separator = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=domain_type), keccak(text="FairCart"), keccak(text="1"), chain_id, contract],
        )
    )
    assert paper.hash_struct() == solidity_hash(paper)
    assert paper.digest(Domain(chain_id, contract)) == keccak(b"\x19\x01" + separator + solidity_hash(paper))


@given(any_paper)
def test_a_paper_survives_its_json(paper: Paper) -> None:
    assert type(paper).from_json(json.loads(json.dumps(paper.to_json()))) == paper


@given(any_paper)
def test_the_one_who_signed_is_the_signer(paper: Paper) -> None:
    assert papers.signer(paper, DOMAIN, papers.sign(paper, DOMAIN, ALICE.key)) == ALICE.address


def revocation() -> papers.Revocation:
    return papers.Revocation(b"\x07" * 32)


def test_a_signature_for_another_chain_contract_or_paper_names_somebody_else() -> None:
    signature = papers.sign(revocation(), DOMAIN, ALICE.key)
    others = [
        (revocation(), Domain(1, DOMAIN.verifying_contract)),
        (revocation(), Domain(31337, "0x" + "11" * 20)),
        (papers.Revocation(b"\x08" * 32), DOMAIN),
    ]
    for paper, domain in others:
        assert papers.signer(paper, domain, signature) != ALICE.address


ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_signatures_that_the_contracts_refuse_are_refused_here_too() -> None:
    good = papers.sign(revocation(), DOMAIN, ALICE.key)
    high_s = (ORDER - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    bad = {
        "65 bytes": good[:64],
        "27 or 28": good[:64] + bytes([good[64] - 27]),
        "upper half": good[:32] + high_s + bytes([55 - good[64]]),
        "no key": bytes(64) + b"\x1b",
    }
    for reason, signature in bad.items():
        with pytest.raises(SignatureInvalid, match=reason):
            papers.signer(revocation(), DOMAIN, signature)


def test_an_offer_goes_into_calls_as_nested_tuples_with_bytes() -> None:
    terms = papers.Terms("0x" + "01" * 20, "0x" + "02" * 20, 3, 4, 5, 6, 7, 8)
    offer = papers.Offer(
        b"c" * 32, "0x" + "03" * 20, 9, terms, papers.Sealing(b"i" * 32, b"k" * 32, b"p" * 32)
    )
    assert offer.abi() == (
        b"c" * 32,
        "0x" + "03" * 20,
        9,
        ("0x" + "01" * 20, "0x" + "02" * 20, 3, 4, 5, 6, 7, 8),
        (b"i" * 32, b"k" * 32, b"p" * 32),
    )


def test_calls_that_need_less_of_an_offer_or_a_consent_get_less() -> None:
    terms = papers.Terms("0x" + "01" * 20, "0x" + "02" * 20, 3, 4, 5, 6, 7, 8)
    sealing = papers.Sealing(b"i" * 32, b"k" * 32, b"p" * 32)
    offer = papers.Offer(b"c" * 32, "0x" + "03" * 20, 9, terms, sealing)
    assert offer.sale() == (b"c" * 32, "0x" + "03" * 20, 9, solidity_hash(sealing))
    consent = papers.Consent(
        "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 20, b"d" * 32, b"t" * 32, 4, 5, 6
    )
    assert consent.scope() == (b"d" * 32, b"t" * 32, 5, 6)


def test_the_contracts_hash_the_same_type_strings() -> None:
    source = (Path(__file__).parents[3] / "contracts" / "libraries" / "Papers.sol").read_text()
    strings = set(re.findall(r'"(\w+\([^"]*\)[^"]*)"', source))
    # Binding is checked off chain only: no contract knows it.
    assert strings == {FULL_TYPE.get(paper, paper.TYPE) for paper in ALL if paper is not papers.Binding}


def test_json_names_are_those_of_the_type_and_numbers_are_strings() -> None:
    assert papers.Settlement(b"\x01" * 32, 10**20, 7).to_json() == {
        "orderId": "0x" + "01" * 32,
        "buyerAmount": "100000000000000000000",
        "validUntil": "7",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"buyerAmount": 5}, "Settlement.buyerAmount: expected a string"),
        ({"buyerAmount": "-5"}, "Settlement.buyerAmount: expected a decimal number"),
        ({"buyerAmount": str(2**256)}, "Settlement.buyerAmount: does not fit uint256"),
        ({"validUntil": str(2**64)}, "Settlement.validUntil: does not fit uint64"),
        ({"orderId": "0x0102"}, "Settlement.orderId: expected 32 bytes, got 2"),
        ({"orderId": "zz"}, "Settlement.orderId: expected bytes as 0x-hex"),
        ({"extra": "1"}, "Settlement: unknown extra"),
    ],
)
def test_broken_json_is_refused_and_the_field_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PaperError, match=message):
        papers.Settlement.from_json(papers.Settlement(bytes(32), 1, 2).to_json() | change)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(PaperError, match="Settlement: missing orderId, validUntil"):
        papers.Settlement.from_json({"buyerAmount": "1"})


def test_a_misspelt_address_is_refused() -> None:
    with pytest.raises(PaperError, match="checksum"):
        Domain(1, "0x5FbDB2315678afecb367f032d93F642f64180aA3")


def test_addresses_are_kept_with_their_checksum() -> None:
    assert Domain(1, DOMAIN.verifying_contract.lower()) == Domain(1, DOMAIN.verifying_contract)
