# SPDX-License-Identifier: Apache-2.0
"""Sends the recorded requests to a stand-in, in their order and to the node that got them, and judges the
answers.

What differs between any two chains is mapped: an address, txid, cache id or block hash of the recording
stands for the one that the stand-in gave in its place. What depends on the moment (times, heights,
confirmations) is compared by type, and confirmations by "none" or "some". Everything else must be equal:
members and their order, values, codes, messages, statuses.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faircart.standin.chainaddress import AddressRules
from faircart.standin.registry import ENTERPRISE, METHODS
from faircart.standin.service import StandIn

FOLDER = Path(__file__).parent / "recordings"
SHOP_RULES = AddressRules(bytes.fromhex("002e75ea"), bytes.fromhex("3b7c0689"), bytes.fromhex("803949ff"))
NODE_1, NODE_2 = "1FRpXXynYGYi2UCtWv2cE9vjfu1WPkpRr8H4rd", "16qX7ETdRacesQ1R3kNxnYopM8T24C3MYG4vQM"

_ABRIDGED = re.compile(r"(.*?)\.\.\.\[abridged: (\d+) characters in all\]", re.DOTALL)
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]+")
_HELP = re.compile(r"(.*?) *\.\.\.\[help text abridged\]", re.DOTALL)
_MOMENT = {
    "bestblockhash": str,
    "blockhash": str,
    "blockheight": int,
    "blockindex": int,
    "blocks": int,
    "blocktime": int,
    "burnaddress": str,
    "bytesrecv": int,
    "bytessent": int,
    "chain-params-hash": str,
    "chainwork": str,
    "connections": int,
    "conntime": int,
    "endblock": int,
    "genesis-hash": str,
    "genesis-pubkey": str,
    "genesis-pubkey-hash": str,
    "genesis-timestamp": int,
    "hash": str,
    "headers": int,
    "height": int,
    "id": int,
    "keypoololdest": int,
    "lastrecv": int,
    "lastsend": int,
    "miner": str,
    "network-message-start": str,
    "address-scripthash-version": str,
    "nodeaddress": str,
    "pingtime": float,
    "port": int,
    "default-network-port": int,
    "default-rpc-port": int,
    "pubkey": str,
    "startblock": int,
    "startingheight": int,
    "streams": int,
    "synced_blocks": int,
    "synced_headers": int,
    "target-block-time": int,
    "time": int,
    "timereceived": int,
    "txcount": int,
    "addr": str,
    "addrlocal": str,
    "inbound": bool,
    "queries": int,
    "responded": int,
    "requests": int,
    "delivered": int,
    "waiting": int,
}
_MOMENT |= {name.replace("-", ""): kind for name, kind in _MOMENT.items() if "-" in name}
_EXACT_IN = {"endblock": "listpermissions", "startblock": "listpermissions"}


def whole(value: Any) -> Any:
    """A request with its abridged strings filled up again (they repeat their beginning)."""
    if isinstance(value, str) and (cut := _ABRIDGED.fullmatch(value)):
        start, length = cut[1], int(cut[2])
        pattern = "30313233343536373839" if start.startswith("3031") else start[:1]
        return (pattern * (length // len(pattern) + 1))[:length]
    if isinstance(value, list):
        return [whole(member) for member in value]
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    return value


@dataclass
class Outcome:
    """One recorded request against the stand-in; `problems` is empty if the answers agree."""

    number: str
    method: str
    supported: bool
    problems: list[str] = field(default_factory=list)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Replay:
    """The two nodes of the recordings, played by a stand-in's two wallets."""

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self.known: dict[str, str] = {}
        for number, recorded in ((1, NODE_1), (2, NODE_2)):
            self.known[recorded] = standin.access(number).address
        self.top = 0
        """The stand-in's height where the recorded chain had 11."""

    # --- sending ---
    def send(self, node: str, body: bytes | None, how: dict[str, Any] | None = None) -> Reply:
        how = how or {}
        access = self.standin.access(int(node[-1]))
        port = int(access.url.rsplit(":", 1)[1].strip("/"))
        headers = dict(how.get("headers", {}))
        if how.get("auth") != "none":
            word = "wrong" if how.get("auth") == "wrong" else access.password()
            headers["Authorization"] = "Basic " + base64.b64encode(f"{access.user}:{word}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            # the node refuses a large body while it is still being sent
            with contextlib.suppress(BrokenPipeError):
                connection.request(how.get("method", "POST"), how.get("path", "/"), body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def call(self, node: str, method: str, *params: Any) -> Any:
        """A request of ours, for what the recordings leave out."""
        reply = self.send(node, json.dumps({"method": method, "params": params, "id": 0}).encode())
        answer = reply.json()
        assert answer["error"] is None, (method, answer["error"])
        return answer["result"]

    # --- one entry ---
    def play(self, entry: dict[str, Any], number: str) -> Outcome:
        if "request" in entry:
            request = self.mapped(whole(entry["request"]))
            method = request["method"]
            if method == "liststreamblockitems" and self.top:
                request["params"][1] = {"0-11": f"0-{self.top}", "[11]": [self.top]}.get(
                    str(request["params"][1]), request["params"][1]
                )
            body: bytes | None = json.dumps(request).encode()
        else:
            raw = entry["request_raw"]
            # two bytes that are no UTF-8 became replacement characters in the recording
            body = None if raw is None else whole(raw).encode().replace("\ufffd\ufffd".encode(), b"\xff\xfe")
            found = re.search(r'"method":"(\w+)"', raw or "")
            method = found[1] if found else "-"
        outcome = Outcome(
            number, method, method in METHODS or method in ENTERPRISE or method in ("-", "", "nosuchmethod")
        )
        if not outcome.supported:
            reply = self.send(entry["node"], body)
            answer = reply.json()
            if (reply.status, answer["error"]) != (404, {"code": -32601, "message": "Method not found"}):
                outcome.problems = [f"not supported, but answered {reply.status} {answer}"]
            return outcome
        for attempt in ("as it is", "after everything has arrived", "after a block"):
            if attempt == "after everything has arrived":
                self.standin.settle()
            elif attempt == "after a block":
                self.standin.mine()
            reply = self.send(entry["node"], body, entry.get("request_http"))
            outcome.problems = self.judge(entry, reply, method)
            # a moment later may be what the recording shows; what has succeeded must not be done twice
            changed = reply.status == 200 and not method.startswith(("get", "list", "verify", "validate"))
            if not outcome.problems or changed:
                break
        return outcome

    def mapped(self, value: Any) -> Any:
        if isinstance(value, str):
            if value in self.known:
                return self.known[value]
            if "," in value:
                return ",".join(self.known.get(part, part) for part in value.split(","))
            return value
        if isinstance(value, list):
            return [self.mapped(member) for member in value]
        if isinstance(value, dict):
            return {name: self.mapped(member) for name, member in value.items()}
        return value

    # --- judging ---
    def judge(self, entry: dict[str, Any], reply: Reply, method: str) -> list[str]:
        problems = []
        if reply.status != entry["http_status"]:
            problems.append(f"status {reply.status} instead of {entry['http_status']}: {reply.body[:200]!r}")
        for name, wanted in entry.get("http_headers", {}).items():
            if name in ("Date", "Content-Length", "x-note"):
                continue
            if reply.headers.get(name) != wanted:
                problems.append(f"header {name}: {reply.headers.get(name)!r} instead of {wanted!r}")
        if "http_headers" in entry and "Server" in reply.headers and "Server" not in entry["http_headers"]:
            problems.append("a Server header where a node sends none")
        wanted_body = entry["response"]
        if "__raw_body__" in wanted_body:
            if reply.body.decode() != wanted_body["__raw_body__"]:
                problems.append(f"body {reply.body!r}")
            return problems
        try:
            answer = reply.json()
        except ValueError:
            return [*problems, f"no JSON: {reply.body[:100]!r}"]
        if list(answer) != ["result", "error", "id"] or answer["id"] != wanted_body["id"]:
            problems.append(f"envelope {list(answer)}, id {answer.get('id')!r}")
        problems += self.compare(wanted_body["error"], answer["error"], "error", method)
        wanted_result, result = wanted_body["result"], answer["result"]
        if method == "listpermissions" and result is not None:
            # ordered by address, and which of two new addresses comes first is chance
            wanted_result = sorted(wanted_result, key=lambda entry: self.known.get(entry["address"], ""))
            result = sorted(result, key=lambda entry: str(entry["address"]))
        return problems + self.compare(wanted_result, result, "result", method)

    def compare(self, wanted: Any, got: Any, where: str, method: str) -> list[str]:
        name = re.sub(r"\[\d+\]$", "", where).rsplit(".", 1)[-1]
        if isinstance(wanted, str) and isinstance(got, str):
            return self._strings(wanted, got, where, name, method)
        if name == "confirmations" and isinstance(got, int):
            return [] if bool(got) == bool(wanted) else [f"{where}: {got} instead of {wanted}"]
        if name in _MOMENT and _EXACT_IN.get(name) != method:
            kinds = (int, float) if _MOMENT[name] is float else (_MOMENT[name],)
            return [] if isinstance(got, kinds) else [f"{where}: {got!r} instead of {wanted!r}"]
        if where == "result" and type(wanted) is int and method in ("getblockcount", "getconnectioncount"):
            return [] if isinstance(got, int) else [f"{where}: {got!r}"]
        if type(wanted) is not type(got):
            if isinstance(wanted, int | float) and isinstance(got, int | float) and wanted == got:
                return []
            return [f"{where}: {got!r} instead of {wanted!r}"]
        if isinstance(wanted, dict):
            if list(wanted) != list(got):
                return [f"{where}: members {list(got)} instead of {list(wanted)}"]
            return [
                problem
                for member in wanted
                for problem in self.compare(wanted[member], got[member], f"{where}.{member}", method)
            ]
        if isinstance(wanted, list):
            if len(wanted) != len(got):
                return [f"{where}: {len(got)} entries instead of {len(wanted)}"]
            return [
                problem
                for i, (one, other) in enumerate(zip(wanted, got, strict=True))
                for problem in self.compare(one, other, f"{where}[{i}]", method)
            ]
        return [] if wanted == got else [f"{where}: {got!r} instead of {wanted!r}"]

    def _strings(self, wanted: str, got: str, where: str, name: str, method: str) -> list[str]:
        if cut := _ABRIDGED.fullmatch(wanted):
            same = got.startswith(cut[1]) and len(got) == int(cut[2])
            return [] if same else [f"{where}: {got[:70]!r} ({len(got)})"]
        if cut := _HELP.fullmatch(wanted):
            return (
                []
                if got.rstrip().startswith(cut[1].rstrip())
                else [f"{where}: {got!r} instead of {wanted!r}"]
            )
        if wanted == got or self.known.get(wanted) == got:
            return []
        if name == "nodeaddress":
            return [] if re.fullmatch(r"shop@[\d.]+:\d+", got) else [f"{where}: {got!r}"]
        if name == "streamref":
            self.known[wanted] = got
            return [] if re.fullmatch(r"\d+-\d+-\d+", got) else [f"{where}: {got!r}"]
        if method == "createkeypairs" and name == "address":
            # base58 of random bytes: now and then a character shorter than the recorded one
            alike = _BASE58.fullmatch(got) and abs(len(got) - len(wanted)) <= 2
            return [] if alike else [f"{where}: {got!r}"]
        if name in _MOMENT or method in ("getblockhash", "getbestblockhash", "createkeypairs"):
            same = len(got) == len(wanted) or wanted == "[abridged]" or name == "burnaddress"
            return [] if same else [f"{where}: {got!r}"]
        learns = where in ("result", "result.address") or name in ("createtxid", "handshake")
        like = re.compile(
            r"[0-9a-f]{64}" if re.fullmatch(r"[0-9a-f]{64}", wanted) else r"[0-9A-Za-z+/=]{10,}"
        )
        if learns and wanted not in self.known and got not in self.known.values() and like.fullmatch(got):
            self.known[wanted] = got
            return []
        if name in ("address", "pubkey", "privkey") and like.fullmatch(got):
            return []
        for recorded, ours in self.known.items():
            if recorded in wanted and wanted.replace(recorded, ours) == got:
                return []
        return [f"{where}: {got!r} instead of {wanted!r}"]


# --- what the recordings leave out, by the number of the request it comes before ---
def _subscribe(node: str, *streams: str) -> Callable[[Replay], None]:
    def prepare(replay: Replay) -> None:
        replay.standin.settle()
        replay.call(node, "subscribe", list(streams))

    return prepare


def _item_of_from1(replay: Replay) -> None:
    _item(replay, "97fd51cd61e819fdc163df744b40a91beffce6934ab453f6eb0364fa1b17641b", "from1", "k", "0102")


def _item(replay: Replay, recorded: str, *params: Any) -> None:
    replay.known[recorded] = replay.call("node1", "publish", *params)


def _ordered_items(replay: Replay) -> None:
    replay.call("node1", "subscribe", "ord")
    for i, recorded in enumerate(
        (
            "246d11da3b93ad0635e87310c11ab1c270e2856a38398819d7de663b03d36531",
            "142e31c7560df78a6fd4159cf5d0f09f7dcdab6bdb8c2886757317aa0a4d7086",
            "5d78f311642e5fd6c3b0be019356200719efcdbc9c24912029a88c95d2554e12",
            "5edc0f9db76992d9fca2b71449de7edc5ad50983fa08130bf238e13d2a5d88f4",
            "866ce07b72911a83d51e2bcc94d326e13e42ca51b970e2dd7cd90f6b2ef93b81",
            "653b66c653351b82deed2760b7b3068801fc429d56ecaca932ef6467ca1546f4",
        )
    ):
        _item(replay, recorded, "ord", [f"k{i}", "all"], {"json": {"i": i}})
        if i % 2:
            replay.standin.mine()


def _last_ordered_item(replay: Replay) -> None:
    recorded = "12786482498a6c105575ef4251e6d9e032c038bfe98c399c7bfb5b38eec817a0"
    _item(replay, recorded, "ord", ["k9", "all"], {"json": {"i": 9}})


def _block_heights(replay: Replay) -> None:
    replay.call("node1", "setruntimeparam", "maxqueryscanitems", 5000)
    replay.standin.mine()
    replay.top = replay.standin.ledger.height()


def _large_items(replay: Replay) -> None:
    text = "t" * 20000
    for recorded, key, data in (
        ("a24ccfcd7e866d05893155c3a13ad04617b207cd93cca1f76494f2480dfa3452", "on20k", "31" * 20000),
        ("3fbb67f8054941c6dc01685a731bf8392113ce67497fc9186f7bc04d0e337f6b", "ontext20k", {"text": text}),
        (
            "68f4449d061b8357709dfe73522a841d9e5e87e31f3a70031b3920b5e2a68855",
            "onjson20k",
            {"json": {"x": text}},
        ),
    ):
        _item(replay, recorded, "closed1", key, data)


def _cache(recorded: str) -> Callable[[Replay], None]:
    def prepare(replay: Replay) -> None:
        replay.standin.settle()
        replay.known[recorded] = replay.call("node2", "createbinarycache")

    return prepare


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def _wallet_transactions(replay: Replay) -> None:
    cache = replay.call("node1", "createbinarycache")
    for _ in range(4):
        replay.call("node1", "appendbinarycache", cache, "00" * (8 << 20))
    recorded = "c5f75c524def9a3c13f59326ff1d107eeb3c26fe77ad29cf210b748ef056c43e"
    _item(replay, recorded, "closed1", "o32m", {"cache": cache}, "offchain")
    recorded = "29153879c9cabec46ffa8c8bc5d20d13803b9338547a3dabc3213149963236b5"
    _item(replay, recorded, "closed1", "deep", {"json": _nested(89)})


def _holder_goes_away(replay: Replay) -> None:
    for name, restrict in (("late", {"restrict": "write"}), ("late_salted", {"salted": True})):
        replay.call("node1", "create", "stream", name, restrict)
    for recorded, stream, key, data in (
        (
            "07ef8be3f9588aed298a2860feb225bb0179c5a4b2e56f4ee2c78fccd5f13ce1",
            "late",
            "k1",
            b"payload".hex() * 10,
        ),
        (
            "bd1439c64f511f682724092136f43390b9ac8413474786dc7a4acb7fbae7fdab",
            "late",
            "k2",
            {"json": {"a": 1}},
        ),
        (
            "7c66112c70e459f23ef41ad7f60b6950607a0befebf334364bc7f754325eeb84",
            "late_salted",
            "k3",
            {"text": "hush"},
        ),
        ("cffae7b30165ecb2a78e77345e1f611e1d516917d4505e8bf8c230bab1cfac9f", "late", "k4", "00" * 2_500_000),
    ):
        _item(replay, recorded, stream, key, data, "offchain")
    replay.known["450aed497603d19e943de90e32ce40feacee6a0795cc2f6d0714e856fe2e7cb1"] = replay.call(
        "node1",
        "publishmulti",
        "late",
        [{"key": "k5", "data": "aa", "options": "offchain"}, {"key": "k5", "data": "bb"}],
    )
    replay.known["28oDM19LJwE"] = replay.call("node2", "createbinarycache")
    replay.standin.mine()
    replay.standin.stop_wallet(1)


def _holder_comes_back(replay: Replay) -> None:
    replay.standin.start_wallet(1, warm_up=60)


def _holder_is_ready(replay: Replay) -> None:
    replay.standin._sides[1].warm_up_until = 0
    replay.standin.settle()


PREPARE: dict[str, Callable[[Replay], None]] = {
    "05#174": _item_of_from1,
    "06#197": _subscribe("node1", "closed1"),
    "08#296": _ordered_items,
    "08#310": _last_ordered_item,
    "08#337": lambda replay: replay.call("node1", "setruntimeparam", "maxqueryscanitems", 2),
    "08#339": _block_heights,
    "10#370": _subscribe("node2", "r_salted"),
    "10#407": _large_items,
    "11#431": _cache("FHFghjCmcML"),
    "11#433": _cache("56BzkrpXv8F"),
    "13#447": _wallet_transactions,
    "18@0": _holder_goes_away,
    "18@30": _holder_comes_back,
    "18@36": _holder_is_ready,
}
"""By `file#id`, or `file@place` where ids repeat."""

SESSION = ("01", "02", "03", "04", "05", "06", "08", "10", "11", "13", "14", "15", "18")
"""Recorded one after the other on one chain. 19 (calls that break a node) and 20 (overload) have tests of
their own.
"""


def recorded(prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """(number, entry) of a recording's requests that got an HTTP answer."""
    (path,) = FOLDER.glob(f"{prefix}_*.json")
    entries = json.loads(path.read_text(errors="surrogateescape"))
    return [
        (
            f"{prefix}#{entry['request']['id']}"
            if "request" in entry and prefix < "18"
            else f"{prefix}@{place}",
            entry,
        )
        for place, entry in enumerate(entries)
    ]
