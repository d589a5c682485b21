# SPDX-License-Identifier: Apache-2.0
"""The compiler's standard-JSON input, from which block explorers verify the deployed contracts.

It holds the product's sources and what they import, with the settings of ape-config.yaml; compiling it gives
the deployed code, byte for byte.
"""

import json
from pathlib import Path
from typing import Any

from ape import compilers, project
from ape.contracts import ContractContainer


def standard_json(containers: list[ContractContainer]) -> dict[str, Any]:
    """The input for all of `containers`; they share one compilation, as in `ape compile`."""
    with project.isolate_in_tempdir() as copy:
        sources = [copy.path / str(container.contract_type.source_id) for container in containers]
        inputs = compilers.get_compiler("solidity").get_standard_input_json(sources, project=copy)
    (found,) = inputs.values()
    settings = found["settings"]
    # ape asks for what it needs itself; a verifier asks for what it compares.
    wanted = ["abi", "metadata", "evm.bytecode", "evm.deployedBytecode"]
    settings["outputSelection"] = {"*": {"*": wanted}}
    return dict(found)


def compiler() -> dict[str, Any]:
    """Version and settings that the contracts are compiled with, as ape-config.yaml says."""
    settings = project.config.get_config("solidity")
    return {
        "version": str(settings.version),
        "evmVersion": settings.evm_version,
        "viaIR": settings.via_ir,
        "optimizer": {"enabled": settings.optimize, "runs": settings.optimization_runs},
    }


def write(path: Path, containers: list[ContractContainer]) -> None:
    """Writes the input to `path`, in one stable form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(standard_json(containers), indent=1, sort_keys=True) + "\n")
