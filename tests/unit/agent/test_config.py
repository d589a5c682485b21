# SPDX-License-Identifier: Apache-2.0
"""The configuration: every mistake is named with its key, and says what would be right."""

from pathlib import Path

import pytest
from faircart.agent.config import ConfigInvalid, account_password, key_password, parse, streams_password
from faircart.keys import PasswordMissing

from tests.support.tools import CONFIG

TEXT = CONFIG.format(url="http://127.0.0.1:1")
FINAL = TEXT.replace("confirmations = 1", 'confirmations = "finalized"')
WITHOUT_FILES = TEXT.replace('password_file = "none"\n', "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "test"', 'nmae = "test"', "agent.name: it is missing"),
        ("log_range = 7", "log_rnge = 7", "ethereum.log_rnge: there is no such key"),
        ("confirmations = 1", "confirmations = 0", "ethereum.confirmations: it must be"),
        ('"http://127.0.0.1:1"', '"127.0.0.1:1"', "ethereum.url: it must be http"),
        ("[keys]", '[http]\nlisten = "8080"\n[keys]', "http.listen: it must be an address and a port"),
        ("[keys]", "[keys", "is not TOML"),
    ],
    ids=["missing", "unknown", "confirmations", "url", "listen", "TOML"],
)
def test_a_mistake_is_named(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigInvalid, match=r"agent\.toml") as error:
        parse(TEXT.replace(old, new, 1), Path("agent.toml"))
    assert said in str(error.value)


def test_the_confirmation_time_follows_from_the_confirmations_unless_it_is_given() -> None:
    path = Path("agent.toml")
    assert parse(TEXT, path).ethereum.confirmed_after == 0
    assert parse(TEXT.replace("confirmations = 1", "confirmations = 6"), path).ethereum.confirmed_after == 60
    assert parse(FINAL, path).ethereum.confirmed_after == 1200
    given = FINAL.replace("log_range", "confirmation_seconds = 5\nlog_range")
    assert parse(given, path).ethereum.confirmed_after == 5


def test_a_custodian_that_could_not_deliver_in_time_does_not_start() -> None:
    short = FINAL + "[custodian]\ndeliver_within = 2699\n"
    with pytest.raises(ConfigInvalid, match=r"custodian\.deliver_within.* are 2700"):
        parse(short, Path("agent.toml"))
    parse(short.replace("2699", "2700"), Path("agent.toml"))


def test_passwords_come_from_the_files_that_the_environment_names_or_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = parse(WITHOUT_FILES, tmp_path / "agent.toml")
    for ask in (account_password, key_password, streams_password):
        with pytest.raises(PasswordMissing):
            ask(config)
    (tmp_path / "keys").write_text("sesame\n")
    (tmp_path / "node").write_text("other\n")
    monkeypatch.setenv("FAIRCART_PASSWORD_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("FAIRCART_STREAMS_PASSWORD_FILE", str(tmp_path / "node"))
    assert (account_password(config), key_password(config)) == ("sesame", "sesame")
    assert streams_password(config) == "other"
