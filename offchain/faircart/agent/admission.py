# SPDX-License-Identifier: Apache-2.0
"""Only who holds a customer's reading key is told anything about the customer, even that it is one.

Whoever asks gets a token sealed to the reading key of the account, and shows it when it asks for more. Of an
account that is unknown here the token is sealed to a key that nobody has: to everybody else both look alike.
"""

import hmac
import secrets
import time

from faircart import envelope
from faircart.agent import sealed
from faircart.agent.handlers.outcome import PaperRefused
from faircart.store import Store
from faircart.store.records import Customer

VALID_SECONDS = 600
SCHEME = "Bearer "


class Admission:
    """Tokens of one run of the agent; another run takes none of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._secret = secrets.token_bytes(32)

    def challenge(self, address: str) -> dict[str, str]:
        """A token, sealed so that only this account's customer reads it."""
        with self._store.read() as work:
            customer = work.get(Customer, address)
        key = (
            envelope.encode_public_key(envelope.new_request_key()[1])
            if customer is None
            else customer.reading_key
        )
        item_id = secrets.token_hex(32)
        until = int(time.monotonic()) + VALID_SECONDS
        value = {"token": f"{until:016x}{self._mark(address, until)}"}
        return {"id": item_id, "sealed": sealed.seal(sealed.TOKEN, item_id, [key], value)[0]}

    def require(self, address: str, authorization: str | None) -> None:
        """Raises PaperRefused, in one way, without a token for this account that is still valid."""
        token = (authorization or "").removeprefix(SCHEME)
        try:
            until = int(token[:16], 16)
        except ValueError:
            until = 0
        expected = f"{until:016x}{self._mark(address, until)}"
        if not hmac.compare_digest(token.encode(), expected.encode()) or until < time.monotonic():
            raise PaperRefused(
                401, f"token: the one that /v1/customers/{address}/token seals to the reading key is needed"
            )

    def _mark(self, address: str, until: int) -> str:
        return hmac.digest(self._secret, f"{address} {until}".encode(), "sha256").hex()
