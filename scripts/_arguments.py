# SPDX-License-Identifier: Apache-2.0
"""What a person types on the command line, as the values that the contracts take."""

import re
from datetime import UTC, datetime
from typing import Any

import click
from eth_utils.address import is_address, to_checksum_address

_WEI = {"wei": 1, "gwei": 10**9, "ether": 10**18, "eth": 10**18}
MAX_WEI = 2**128 - 1
MAX_SECONDS = 18250 * 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Amount(click.ParamType):
    """Ether with its unit, as wei: `0.01 ether`, `5 gwei`, `100wei`. Only 0 needs no unit.

    At most `MAX_WEI`: no contract takes more.
    """

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,40}(?:\.[0-9]{1,40})?)\s*([a-z]*)", str(value).strip().lower())
        if match and (match[2] in _WEI or (not match[2] and match[1] == "0")):
            # In whole numbers: decimal arithmetic would round what has more than 28 digits.
            whole, _, fraction = match[1].partition(".")
            wei, rest = divmod(int(whole + fraction) * _WEI.get(match[2], 1), 10 ** len(fraction))
            if rest == 0 and wei > MAX_WEI:
                raise click.BadParameter(f"{value!r} is more than the contracts take.", ctx, param)
            if rest == 0:
                return wei
        raise click.BadParameter(f"{value!r} is no amount such as '0.01 ether' or '100 wei'.", ctx, param)


class Duration(click.ParamType):
    """A length of time, as seconds: `90m`, `3h`, `2d`, `3600s`; from `least` to `most` (50 years)."""

    name = "duration"

    def __init__(self, least: str = "1s", most: str = f"{MAX_SECONDS // 86400}d") -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        seconds = self._seconds(str(value).strip())
        if seconds is None:
            raise click.BadParameter(f"{value!r} is no duration such as '90m', '3h' or '2d'.", ctx, param)
        if not (self._seconds(self._least) or 0) <= seconds <= (self._seconds(self._most) or 0):
            raise click.BadParameter(f"{value!r} is not from {self._least} to {self._most}.", ctx, param)
        return seconds

    @staticmethod
    def _seconds(text: str) -> int | None:
        match = re.fullmatch(r"([0-9]{1,12})([smhd])", text)
        return int(match[1]) * _SECONDS[match[2]] if match else None


class Address(click.ParamType):
    """An Ethereum address, as its checksum address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_address(value):
            raise click.BadParameter(f"{value!r} is no Ethereum address.", ctx, param)
        return str(to_checksum_address(value))


class Bytes32(click.ParamType):
    """32 bytes as 0x and 64 hex digits."""

    name = "bytes32"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        if not re.fullmatch(r"0x[0-9a-fA-F]{64}", str(value)):
            raise click.BadParameter(f"{value!r} is not 0x and 64 hex digits.", ctx, param)
        return bytes.fromhex(str(value)[2:])


def moment(second: int) -> str:
    """A second since 1970 as people read it: `2026-11-22 10:30:00 UTC`."""
    try:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {second}"
