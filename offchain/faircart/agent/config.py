# SPDX-License-Identifier: Apache-2.0
"""The agent's configuration: one TOML file, checked when it is read. Paths in it are relative to the file."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faircart.errors import FairCartError

Role = Literal["custodian", "consumer"]
Wei = Annotated[int, Field(ge=0, lt=2**256)]
Seconds = Annotated[int, Field(ge=0)]


class ConfigInvalid(FairCartError):
    """The configuration cannot be read, or a key in it is missing, unknown or wrong."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgentSection(_Section):
    """What the agent is called, what it does, where it keeps its state."""

    name: str
    roles: tuple[Role, ...] = Field(min_length=1)
    database: str = "sqlite:///agent.db"
    log_format: Literal["text", "json"] = "text"
    poll_seconds: float = Field(default=0.5, gt=0, le=60)
    max_attempts: int = Field(default=8, ge=1)


class EthereumSection(_Section):
    """The Ethereum node, the contracts and the account. Fees in wei a gas."""

    url: str
    network: str
    chain_id: int = Field(gt=0)
    deployments: Path | None = None
    confirmations: Literal["finalized", "safe"] | Annotated[int, Field(ge=1, le=1000)] = "finalized"
    confirmation_seconds: Seconds = 0
    timeout_seconds: float = Field(default=10, gt=0)
    keystore: Path = Path("ethereum.json")
    password_file: Path
    max_fee_wei: Wei = 500 * 10**9
    gas_budget_per_day_wei: Wei = 10**18
    bump_after_seconds: Seconds = 60
    log_range: int = Field(default=2000, ge=1)


class StreamsSection(_Section):
    """The MultiChain node and which of its wallet's addresses is ours.

    `ca_file` is a certificate (PEM) to trust for an https node, instead of the usual authorities.
    """

    url: str
    user: str
    password_file: Path
    ca_file: Path | None = None
    chain_name: str | None = None
    address: str | None = None
    timeout_seconds: float = Field(default=30, gt=0)


class KeysSection(_Section):
    """Key files, all under one password."""

    hpke_file: Path = Path("hpke.json")
    vault_file: Path = Path("vault.json")
    password_file: Path


class HttpSection(_Section):
    """The HTTP API; port 0 picks a free one, `address_file` then says which."""

    listen: str = "127.0.0.1:0"
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
    """What this enterprise buys. Amounts in wei."""

    categories: tuple[str, ...] = ("orders",)
    purposes: tuple[str, ...] = ()
    max_reward_wei: Wei = 10**16
    max_counter_reward_wei: Wei = 0
    max_fee_wei: Wei = 10**15
    max_deposit_wei: Wei = 10**15
    min_custodian_deposit_wei: Wei = 10**14
    budget_per_day_wei: Wei = 10**18
    retention_days: int = Field(default=365, ge=1)


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
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid(
            f"The configuration {path} cannot be read: {error.strerror}; `faircart init` writes one"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"The configuration {path} is not TOML: {error}") from None
    try:
        config = Config(**raw, folder=path.parent)
    except (ValidationError, TypeError) as error:
        if isinstance(error, ValidationError):
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ConfigInvalid(f"{path}: {where}: {first['msg']}") from None
        raise ConfigInvalid(f"{path}: {error}") from None
    needed = 2 * config.ethereum.confirmation_seconds + 300
    if "custodian" in config.agent.roles and config.custodian.deliver_within < needed:
        raise ConfigInvalid(
            f"{path}: custodian.deliver_within: {config.custodian.deliver_within} seconds are too few: twice "
            f"ethereum.confirmation_seconds and five minutes are {needed}"
        )
    return config


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
