# SPDX-License-Identifier: Apache-2.0
"""Exports the ABIs of the product's contracts from the last `ape compile` to `offchain/faircart/abi/`.

Agents read them there, so that they need no ape and no compiler. The files are committed; a test checks that
they are current. Plain JSON in, plain JSON out: ape is not started.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / ".build" / "__local__.json"
ABI_FOLDER = ROOT / "offchain" / "faircart" / "abi"


def product_contracts(manifest: Path = MANIFEST) -> dict[str, dict[str, Any]]:
    """Contract name to its compiled type, for the contracts that are deployed.

    Those lie in `contracts/` itself: libraries and test contracts are in folders of their own, and abstract
    contracts and interfaces have no bytecode.
    """
    if not manifest.exists():
        raise FileNotFoundError(f"{manifest} is missing. Compile first: make setup")
    types: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["contractTypes"]
    return {
        name: contract
        for name, contract in sorted(types.items())
        if Path(contract["sourceId"]).parent == Path("contracts")
        and contract.get("deploymentBytecode", {}).get("bytecode", "0x") not in ("", "0x")
    }


def rendered(abi: list[dict[str, Any]]) -> str:
    """One entry a line, in the compiler's order: a change of one function is a change of one line."""
    lines = ",\n".join(json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in abi)
    return f"[\n{lines}\n]\n"


def export(folder: Path = ABI_FOLDER, manifest: Path = MANIFEST) -> list[Path]:
    """Writes `<folder>/<Contract>.json` for each contract, and only where it changed; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, contract in product_contracts(manifest).items():
        path = folder / f"{name}.json"
        text = rendered(contract["abi"])
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        written.append(path)
    return written


if __name__ == "__main__":
    for file in export():
        print(file.relative_to(ROOT), file=sys.stderr)
