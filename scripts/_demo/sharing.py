# SPDX-License-Identifier: Apache-2.0
"""The data exchange: documents, request, consents, and what arrived on the other side."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faircart.agent.client import CustomerClient
from faircart.canonical import canonical
from faircart.errors import FairCartError

from scripts._demo.companies import Company
from scripts._demo.networks import faircart
from scripts._demo.processes import Processes

CATEGORY = "orders"
PURPOSE = "dpv:ServiceOptimisation"
NOTICE = "https://consumer.example/notices/1"
CONSENT_SECONDS = 30 * 24 * 3600
PROPOSAL_SECONDS = 240
EXCHANGE_SECONDS = 300


class SharingFailed(FairCartError):
    """The data exchange did not come to its end."""


@dataclass(frozen=True)
class Sale:
    """One settled exchange as the consumer's agent reports it. Times are those of the blocks (seconds)."""

    exchange_id: str
    customer: str
    reward: int
    data_bytes: int
    opened_at: int
    closed_at: int


def import_documents(custodian: Company, lines: Sequence[Mapping[str, Any]]) -> None:
    """Hand the shop's agent its customers' documents; it announces in the catalogue what it can offer."""
    path = custodian.folder / "documents.jsonl"
    path.touch(mode=0o600)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    faircart("import", "-c", str(custodian.config), str(path))
    path.unlink()


def publish_request(consumer: Company, reward: int) -> str:
    """The consumer asks for the category, for its purpose, at this reward (wei). Returns the request's id."""
    printed = faircart(
        *("request", "publish", "-c", str(consumer.config), "--category", CATEGORY),
        *("--purpose", PURPOSE, "--notice", NOTICE),
        *("--reward", str(reward), "--valid-for", str(CONSENT_SECONDS)),
    )
    return str(json.loads(printed)["request"])


def consent(
    processes: Processes, clients: Mapping[str, CustomerClient], accepted: Callable[[str, Any], None]
) -> None:
    """Each customer is shown what is asked for, document included, and grants consent by signature.

    `clients` is keyed by customer; `accepted` is told each customer and the proposal that it accepted.
    Raises `SharingFailed` for a customer that is asked nothing in time.
    """
    end = time.monotonic() + PROPOSAL_SECONDS + len(clients)
    for number, client in clients.items():
        # One customer at a time: all of them ask from one address, whose rate the shop's API limits.
        while not (proposals := client.proposals()):
            processes.fail_if_any_ended()
            if time.monotonic() > end:
                raise SharingFailed(f"Customer {number} was asked nothing in time after the request.")
            time.sleep(0.2)
        client.accept(proposals[0])
        accepted(number, proposals[0])


def wait_for_sales(
    processes: Processes, consumer: Company, count: int, progress: Callable[[int], None]
) -> tuple[Sale, ...]:
    """Wait until `count` exchanges are settled and their documents stored.

    `progress` is told how many are. Raises `SharingFailed` if an exchange ends in another way, or when time
    runs out.
    """
    end = time.monotonic() + EXCHANGE_SECONDS + count
    while True:
        exchanges = consumer.status()["exchanges"]
        failed = [one for one in exchanges if one["state"] not in ("Open", "Delivered", "Settled")]
        if failed:
            raise SharingFailed(f"Exchange {failed[0]['id']} ended as {failed[0]['state']}.")
        done = [one for one in exchanges if one["state"] == "Settled" and one["stored"]]
        progress(len(done))
        if len(done) == count:
            return tuple(
                Sale(
                    exchange_id=one["id"],
                    customer=one["customer"],
                    reward=one["rewardWei"],
                    data_bytes=one["dataBytes"],
                    opened_at=one["openedAt"],
                    closed_at=one["closedAt"],
                )
                for one in done
            )
        processes.fail_if_any_ended()
        if time.monotonic() > end:
            raise SharingFailed(f"Only {len(done)} of {count} exchanges were settled in time.")
        time.sleep(0.5)


def exported_documents(consumer: Company, folder: Path) -> dict[str, bytes]:
    """The documents that the consumer decrypted and stored, by exchange id, as canonical JSON."""
    faircart("export", "-c", str(consumer.config), "--out", str(folder))
    return {path.stem: canonical(json.loads(path.read_bytes())) for path in folder.glob("*.json")}


def wait_for_log(client: CustomerClient, steps: int) -> tuple[Mapping[str, Any], ...]:
    """The customer's access log once it holds at least `steps` verified entries."""
    end = time.monotonic() + PROPOSAL_SECONDS
    while True:
        log = tuple(client.access_log())
        if len(log) >= steps:
            return log
        if time.monotonic() > end:
            raise SharingFailed(f"The access log holds {len(log)} entries instead of {steps}.")
        time.sleep(0.3)
