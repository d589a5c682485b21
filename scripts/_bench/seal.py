# SPDX-License-Identifier: Apache-2.0
"""How fast documents are sealed, checked and opened, beside raw ChaCha20-Poly1305 in the same run.

`make bench-seal` runs it and writes `reports/seal.json`. All rates are MiB of document per second of
processor time of one thread (the best of several rounds), so that other programs on the machine count little.

* seal: a document version (random bytes, data leaves, root), the item, its root and the container.
* check: the container read, `dataRoot` and `itemRoot` recomputed and compared.
* open: decryption, every chunk compared with its leaf, the document put together.
* raw: one ChaCha20-Poly1305 encryption of as many bytes, and one decryption.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from faircart import sealing
from faircart.sealing import DocumentVersion, container

KIB = 1024
MIB = 1024 * KIB
SIZES = [KIB, 16 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB]
GOAL_FROM = MIB
GOAL_MIB_S = 40
SECONDS_EACH = 1.0
REPORT = Path("reports/seal.json")


def best_rate(size: int, work: Callable[[], object]) -> float:
    """MiB per second of the best round; small documents are repeated until a round can be timed."""
    repeats = max(1, 256 * KIB // size)
    seconds: list[float] = []
    while len(seconds) < 5 or sum(seconds) < SECONDS_EACH:
        start = time.process_time()
        for _ in range(repeats):
            work()
        seconds.append(time.process_time() - start)
    return round(size * repeats / MIB / min(seconds), 1)


def measure(size: int) -> dict[str, float]:
    """All rates for one document of `size` bytes."""
    document = os.urandom(size // 2).hex().encode()
    key, pad, nonce = sealing.new_key(), sealing.new_key(), bytes(12)
    raw = ChaCha20Poly1305(key)
    encrypted = raw.encrypt(nonce, document, None)

    def seal() -> tuple[sealing.SealedItem, bytes]:
        made = sealing.seal(DocumentVersion.make(sealing.pad_document(document)), key, pad)
        assert made.sealing.item_root == made.item_root  # the roots are computed when first asked for
        return made, container.encode(made)

    offered, data = seal()
    data_root, item_root = offered.data_root, offered.item_root
    item = container.decode(data)

    def check() -> None:
        sealing.check(container.decode(data), data_root, item_root)

    def open_() -> bytes:
        return sealing.open_item(item, key).document

    check()
    if open_() != document:
        raise SystemExit("the opened document is not the one that was sealed")
    rates = {
        "bytes": size,
        "container_bytes": len(data),
        "seal": best_rate(size, seal),
        "check": best_rate(size, check),
        "open": best_rate(size, open_),
        "raw_encrypt": best_rate(size, lambda: raw.encrypt(nonce, document, None)),
        "raw_decrypt": best_rate(size, lambda: raw.decrypt(nonce, encrypted, None)),
    }
    rates["seal_to_raw"] = round(rates["seal"] / rates["raw_encrypt"], 3)
    rates["open_to_raw"] = round(rates["open"] / rates["raw_decrypt"], 3)
    return rates


def main() -> None:
    """Measure every size, print a table, write the report; exit code 1 if the goal is missed."""
    print(f"{'document':>10} {'seal':>8} {'check':>8} {'open':>8} {'raw enc':>8} {'raw dec':>8} MiB/s")
    rows = []
    for size in SIZES:
        rows.append(row := measure(size))
        name = f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"
        columns = ("seal", "check", "open", "raw_encrypt", "raw_decrypt")
        print(f"{name:>10} " + " ".join(f"{row[column]:8.1f}" for column in columns), flush=True)
    slowest = min(min(row["seal"], row["check"], row["open"]) for row in rows if row["bytes"] >= GOAL_FROM)
    report = {
        "unit": "MiB of document per second of processor time, one thread, best round",
        "python": platform.python_version(),
        "machine": platform.machine(),
        "documents": rows,
        "goal_mib_s": GOAL_MIB_S,
        "slowest_from_1_mib": slowest,
        "goal_met": slowest >= GOAL_MIB_S,
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"slowest from 1 MiB up: {slowest} MiB/s (goal {GOAL_MIB_S}); written to {REPORT}")
    sys.exit(0 if report["goal_met"] else 1)


if __name__ == "__main__":
    main()
