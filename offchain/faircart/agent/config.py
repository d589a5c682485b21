# SPDX-License-Identifier: Apache-2.0
"""The agent's configuration: one TOML file, checked when it is read. Paths in it are relative to the file."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from faircart.errors import FairCartError

Role = Literal["custodian", "consumer"]
Wei = Annotated[int, Field(ge=0, lt=2**256)]
Seconds = Annotated[int, Field(ge=0)]
PASSWORD_VARIABLE = "FAIRCART_PASSWORD_FILE"  # noqa: S105 - the name of a variable
STREAMS_PASSWORD_VARIABLE = "FAIRCART_STREAMS_PASSWORD_FILE"  # noqa: S105 - the same
BLOCK_SECONDS = 12
CLOCK_TOLERANCE = 600
DEVELOPMENT_CHAINS = (1337, 31337)
"""What Ganache, Geth's `--dev`, Hardhat and Anvil call their chains."""
CONFIRMED_AFTER = {"finalized": 1200, "safe": 600}
"""Seconds until a block of Ethereum's is finalized or safe: two epochs or one, and some more."""


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port out of range, half of an IPv6 address
        fits = False
    if not fits or not text.isprintable() or " " in text:
        raise ValueError("it must be http:// or https:// with a host")
    return text


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("it must be a line of text that is not empty")
    return text


def _network_name(text: str) -> str:
    # A folder of deployment records is called so.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError("it must be a name of letters, digits, dots, hyphens and underscores")
    return text


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("it must be an address and a port, such as 127.0.0.1:8080")
    return text


HttpUrl = Annotated[str, AfterValidator(_http_url)]
Line = Annotated[str, AfterValidator(_line)]


class ConfigInvalid(FairCartError):
    """The configuration cannot be read, or a key in it is missing, unknown or wrong."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentSection(_Section):
    """What the agent is called, what it does, where it keeps its state."""

    name: Line
    roles: tuple[Role, ...] = Field(min_length=1)
    database: str = "sqlite:///agent.db"
    log_format: Literal["text", "json"] = "text"
    poll_seconds: float = Field(default=0.5, gt=0, le=60)
    max_attempts: int = Field(default=8, ge=1)


class EthereumSection(_Section):
    """The Ethereum node, the contracts and the account. Fees in wei a gas."""

    url: HttpUrl
    network: Annotated[str, AfterValidator(_network_name)]
    chain_id: int = Field(gt=0, lt=2**63)
    deployments: Path | None = None
    confirmations: Literal["finalized", "safe"] | Annotated[int, Field(ge=1, le=1000)] = "finalized"
    confirmation_seconds: Seconds | None = None
    timeout_seconds: float = Field(default=10, gt=0)
    keystore: Path = Path("ethereum.json")
    password_file: Path | None = None
    max_fee_wei: Wei = 500 * 10**9
    gas_budget_per_day_wei: Wei = 10**18
    bump_after_seconds: Seconds = 60
    clock_tolerance_seconds: Seconds | None = None
    log_range: int = Field(default=2000, ge=1)

    @property
    def clock_tolerance(self) -> int:
        """Seconds that the latest block's time may be off the machine's clock, 0 for any: what is configured,
        else ten minutes, but on chains of developers, whose blocks come on demand and at any time.
        """
        if self.clock_tolerance_seconds is not None:
            return self.clock_tolerance_seconds
        return clock_tolerance(self.chain_id)

    @property
    def confirmed_after(self) -> int:
        """Seconds until a block counts: what is configured, else what the kind of confirmation takes."""
        if self.confirmation_seconds is not None:
            return self.confirmation_seconds
        return confirmed_after(self.confirmations)


def confirmed_after(confirmations: str | int) -> int:
    """Seconds until a block is `finalized`, `safe` or so many blocks deep, on Ethereum."""
    if isinstance(confirmations, str):
        return CONFIRMED_AFTER[confirmations]
    return BLOCK_SECONDS * (confirmations - 1)


def clock_tolerance(chain_id: int) -> int:
    """Seconds that a chain's latest block may be off the machine's clock, 0 for any."""
    return 0 if chain_id in DEVELOPMENT_CHAINS else CLOCK_TOLERANCE


class StreamsSection(_Section):
    """The MultiChain node and which of its wallet's addresses is ours.

    `ca_file` is a certificate (PEM) to trust for an https node, instead of the usual authorities.
    """

    url: HttpUrl
    user: Line
    password_file: Path | None = None
    ca_file: Path | None = None
    chain_name: Line | None = None
    address: Line | None = None
    timeout_seconds: float = Field(default=30, gt=0)


class KeysSection(_Section):
    """Key files, all under one password."""

    hpke_file: Path = Path("hpke.json")
    vault_file: Path = Path("vault.json")
    password_file: Path | None = None


class HttpSection(_Section):
    """The HTTP API; port 0 picks a free one, `address_file` then says which."""

    listen: Annotated[str, AfterValidator(_host_and_port)] = "127.0.0.1:0"
    address_file: Path = Path("http.json")
    requests_per_minute: int = Field(default=600, ge=1)


class CustodianSection(_Section):
    """What this enterprise offers as custodian. Amounts in wei, times in seconds."""

    deliver_within: int = Field(default=3600, ge=600, le=86400)
    respond_within: int = Field(default=86400, ge=600, le=7 * 86400)
    offer_valid_for: Seconds = 3600
    fee_wei: Wei = 10**13
    deposit_wei: Annotated[int, Field(gt=0)] = 10**15
    consumer_deposit_wei: Annotated[int, Field(gt=0)] = 10**14
    standing_balance_wei: Wei = 10**16
    offers_per_consent: int = Field(default=3, ge=1)
    catalog: bool = True


class ConsumerSection(_Section):
    """What this enterprise buys. Amounts in wei.

    What is done with the data and where has no default: customers are told so, and only the operator knows.
    """

    categories: tuple[str, ...] = ("orders",)
    purposes: tuple[str, ...] = ()
    max_reward_wei: Wei = 10**16
    max_counter_reward_wei: Wei = 0
    max_fee_wei: Wei = 10**15
    max_deposit_wei: Wei = 10**15
    min_custodian_deposit_wei: Wei = 10**14
    budget_per_day_wei: Wei = 10**18
    retention_days: int = Field(default=365, ge=1)
    processing: tuple[str, ...] = ()
    storage_location: str = ""
    jurisdiction: str = ""


class Config(_Section):
    """All of it, with the folder that paths are relative to."""

    agent: AgentSection
    ethereum: EthereumSection
    streams: StreamsSection
    keys: KeysSection
    http: HttpSection = HttpSection()
    custodian: CustodianSection = CustodianSection()
    consumer: ConsumerSection = ConsumerSection()
    folder: Path = Field(exclude=True)

    def path(self, relative: Path) -> Path:
        """A path of the configuration, from where we are."""
        return self.folder / relative

    @property
    def database(self) -> str:
        """The database's address, with a relative SQLite file taken from the configuration's folder."""
        prefix = "sqlite:///"
        url = self.agent.database
        if url.startswith(prefix) and url != prefix:
            return prefix + str(self.folder.resolve() / url[len(prefix) :])
        return url


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigInvalid, naming the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid(
            f"The configuration {path} cannot be read: {error.strerror}; `faircart init` writes one"
        ) from None
    except UnicodeDecodeError:
        raise ConfigInvalid(f"The configuration {path} is not TOML: it is not UTF-8 text") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """The configuration in `text`, which stands or will stand in `path`. Raises ConfigInvalid."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"The configuration {path} is not TOML: {error}") from None
    try:
        config = Config(**raw, folder=path.parent)
    except (ValidationError, TypeError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"][:2])
            said = _SAID.get(first["type"], first["msg"].removeprefix("Value error, "))
            if where == "ethereum.confirmations":
                said = 'it must be "finalized", "safe" or a number of blocks from 1 to 1000'
            raise ConfigInvalid(f"{path}: {where}: {said}") from None
        raise ConfigInvalid(f"{path}: {error}") from None
    needed = 2 * config.ethereum.confirmed_after + 300
    if "custodian" in config.agent.roles and config.custodian.deliver_within < needed:
        raise ConfigInvalid(
            f"{path}: custodian.deliver_within: {config.custodian.deliver_within} seconds are too few: twice "
            f"ethereum.confirmation_seconds ({config.ethereum.confirmed_after}) and five minutes are {needed}"
        )
    return config


_SAID = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such key (`faircart init` writes a file with all of them)",
}


def account_password(config: Config) -> str:
    """The Ethereum keystore's password. Raises ConfigInvalid, PasswordMissing."""
    what = f"the keystore {config.ethereum.keystore} of {config.agent.name}"
    return _password(config, config.ethereum.password_file, "ethereum.password_file", what)


def key_password(config: Config) -> str:
    """The password of the HPKE and vault keys. Raises ConfigInvalid, PasswordMissing."""
    what = f"the key files {config.keys.hpke_file} and {config.keys.vault_file} of {config.agent.name}"
    return _password(config, config.keys.password_file, "keys.password_file", what)


def streams_password(config: Config) -> str:
    """The stream node's password. Raises ConfigInvalid, PasswordMissing."""
    what = f"{config.streams.user} at the stream node"
    file, variable = config.streams.password_file, STREAMS_PASSWORD_VARIABLE
    return _password(config, file, "streams.password_file", what, variable)


def _password(
    config: Config, file: Path | None, key: str, what: str, variable: str = PASSWORD_VARIABLE
) -> str:
    if file is not None:
        return read_secret(config.path(file), key)
    from faircart import keys  # takes longer than a command that only looks

    return keys.read_password(what, option=key, variable=variable)


def read_secret(path: Path, what: str) -> str:
    """A password from its file, without the line end.

    Raises ConfigInvalid naming `what`, never the content.
    """
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigInvalid(f"{what}: the file {path} cannot be read: {reason}") from None
    if not secret:
        raise ConfigInvalid(f"{what}: the file {path} is empty")
    return secret
