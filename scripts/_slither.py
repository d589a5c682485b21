# SPDX-License-Identifier: Apache-2.0
"""Static analysis of the contracts with Slither; part of `make lint`.

Every finding in the product's sources has to be answered in contracts/README.md: a row of its table names the
detector and the places, which may hold `*`. A finding without an answer fails, and so does an answer without
a finding.
"""

import inspect
import logging
import os
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from crytic_compile import CryticCompile
from crytic_compile.platform.solc_standard_json import SolcStandardJson
from slither import Slither
from slither.detectors import all_detectors
from slither.detectors.abstract_detector import AbstractDetector

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "contracts" / "README.md"
PRODUCT = {"CheckoutEscrow", "ConsentRegistry", "DataExchange"}

Finding = tuple[str, str]


def sources() -> list[Path]:
    """The product's Solidity files; contracts for tests are none of it."""
    found = [*ROOT.glob("contracts/**/*.sol"), *ROOT.glob("interfaces/**/*.sol")]
    apart = (ROOT / "contracts" / "testing", ROOT / "contracts" / ".cache")
    return sorted(path for path in found if not any(path.is_relative_to(folder) for folder in apart))


def analysed(compiler: Path, settings: dict[str, Any]) -> Slither:
    """Slither on the product, compiled with the settings of ape-config.yaml."""
    given: dict[str, Any] = {
        "language": "Solidity",
        "sources": {str(path.relative_to(ROOT)): {"content": path.read_text()} for path in sources()},
        "settings": {
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "evmVersion": settings["evm_version"],
            "viaIR": settings["via_ir"],
            "optimizer": {"enabled": settings["optimize"], "runs": settings["optimization_runs"]},
        },
    }
    # The command line's --solc-standard-json finds no contracts with a compiler that is a script.
    return Slither(CryticCompile(SolcStandardJson(given), solc=str(compiler), solc_working_dir=str(ROOT)))


def findings(slither: Slither) -> dict[Finding, str]:
    """What all detectors find in the product: detector and place, and Slither's own words."""
    for name in dir(all_detectors):
        detector = getattr(all_detectors, name)
        if inspect.isclass(detector) and issubclass(detector, AbstractDetector):
            slither.register_detector(detector)
    found: dict[Finding, str] = {}
    for results in slither.run_detectors():
        for result in results:
            if not result["elements"]:
                continue
            file = result["elements"][0]["source_mapping"]["filename_relative"]
            if file.startswith(("contracts/", "interfaces/")):
                found[(result["check"], _place(result["elements"][0]))] = result["description"].strip()
    return found


def _place(element: dict[str, Any]) -> str:
    """`Contract.member` of a finding's first element, or the file where it is in none."""
    names: list[str] = []
    inner: dict[str, Any] | None = element
    while inner:
        if inner["type"] in ("contract", "function", "variable", "struct", "event", "enum"):
            names.insert(0, inner["name"])
        inner = inner.get("type_specific_fields", {}).get("parent")
    return ".".join(names) or str(element["source_mapping"]["filename_relative"])


def answered(readme: str) -> set[Finding]:
    """The findings that the table in contracts/README.md answers."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (`[^|]+`) \|", readme, flags=re.MULTILINE)
    return {(check, place) for check, places in rows for place in re.findall(r"`([^`]+)`", places)}


def _answers(answer: Finding, finding: Finding) -> bool:
    return answer[0] == finding[0] and fnmatchcase(finding[1], answer[1])


def main() -> int:
    """Returns the exit code."""
    settings = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    folder = Path(os.environ.get("SOLCX_BINARY_PATH", ROOT / ".ape" / "solcx"))
    compiler = folder / f"solc-v{settings['version']}"
    if not compiler.exists():
        print(f"faircart: {compiler} is missing; run: make setup", file=sys.stderr)
        return 1
    # Compiler warnings are the compiler's; what Slither cannot follow is said in contracts/README.md.
    logging.getLogger("CryticCompile").setLevel(logging.ERROR)
    logging.getLogger("ContractSolcParsing").setLevel(logging.CRITICAL)
    slither = analysed(compiler, settings)
    seen = {contract.name for contract in slither.contracts}
    if missing := PRODUCT - seen:
        print(f"faircart: Slither did not see {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    found, known = findings(slither), answered(README.read_text())
    new = [finding for finding in sorted(found) if not any(_answers(answer, finding) for answer in known)]
    gone = [answer for answer in sorted(known) if not any(_answers(answer, finding) for finding in found)]
    for check, place in new:
        print(f"{check} in {place}: {found[check, place]}", file=sys.stderr)
    for check, place in gone:
        print(f"contracts/README.md answers {check} in {place}, which is not found", file=sys.stderr)
    if new or gone:
        print("faircart: mend it, or answer it in the table of contracts/README.md", file=sys.stderr)
        return 1
    print(f"Slither: {len(seen)} contracts and libraries seen, {len(found)} findings, all answered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
