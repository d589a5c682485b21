# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas (2020-12) of all documents, shipped in `schemas/`, and validation against them."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

from faircart.errors import FairCartError

SCHEMAS = Path(__file__).parent / "schemas"
_SUFFIX = ".schema.json"
_NAMED = 3
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("local-date-time", raises=ValueError)
def _is_local_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.strptime(value, "%Y-%m-%dT%H:%M:%S") is not None


@_FORMATS.checks("date-time", raises=ValueError)
def _is_utc_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ") is not None


class DocumentError(FairCartError):
    """Base of what can be wrong with a document."""


class DocumentInvalid(DocumentError):
    """A document is not what its schema says. `pointer` is the JSON Pointer (RFC 6901) of the first such
    place.
    """

    def __init__(self, kind: str, pointer: str, rule: str) -> None:
        super().__init__(f"not a valid {kind} document: at {pointer or 'the top'}: {rule}")
        self.pointer = pointer


class SchemaUnknown(DocumentError):
    """There is no schema of that name."""


def kinds() -> list[str]:
    """Names of the shipped schemas, in order."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in SCHEMAS.glob(f"*{_SUFFIX}"))


def schema(kind: str) -> dict[str, Any]:
    """The schema named `kind`. Raises SchemaUnknown."""
    if kind not in kinds():
        raise SchemaUnknown(f"there is no document of the kind {kind[:40]!r}: known are {', '.join(kinds())}")
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{kind}{_SUFFIX}").read_text(encoding="utf-8"))
    return loaded


def validate(kind: str, document: Any) -> None:
    """Check `document` against the schema `kind` (a category, `order` or `consent-record`).

    Raises SchemaUnknown, or DocumentInvalid, whose message gives place and rule and never the value, since it
    may be personal.
    """
    error = best_match(_validator(kind).iter_errors(document))
    if error is not None:
        pointer = "".join(
            "/" + str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path
        )
        raise DocumentInvalid(kind, pointer, _rule(error))


@cache
def _validator(kind: str) -> Draft202012Validator:
    resources = [(schema(name)["$id"], Resource.from_contents(schema(name))) for name in kinds()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft202012Validator(schema(kind), registry=registry, format_checker=_FORMATS)


def _rule(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [name for name in wanted if name not in error.instance]
        return f"misses {', '.join(missing)}"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        surplus = [str(name)[:30] for name in error.instance if name not in known]
        more = f" and {len(surplus) - _NAMED} more" if len(surplus) > _NAMED else ""
        return f"has members that do not belong there: {', '.join(surplus[:_NAMED])}{more}"
    if error.validator == "const":
        return f"must be {json.dumps(wanted)}"
    if error.validator == "enum":
        return f"must be one of {', '.join(map(str, wanted))}"
    if error.validator == "type":
        return f"must be of type {wanted}"
    return f"breaks the rule {error.validator}: {json.dumps(wanted)}"
