# SPDX-License-Identifier: Apache-2.0
"""The log: one line an event, as text or JSON, and nobody's data in it."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from faircart.agent import log


@pytest.fixture(autouse=True)
def own_handlers() -> None:
    logging.getLogger().handlers[:] = []


@pytest.fixture
def restore() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_text_is_one_line_an_event_with_quotes_where_needed(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup("text", "shop")
    log.event("effect.done", kind="open", reason="two words")
    log.trouble("away", part="ethereum\nand more")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith('level=info agent=shop event=effect.done kind=open reason="two words"')
    assert second.endswith('level=warning agent=shop event=away part="ethereum\\nand more"')


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup("json", "shop")
    log.event("ready", api="http://127.0.0.1:1")
    line = json.loads(capsys.readouterr().err)
    assert {
        "level": "info",
        "agent": "shop",
        "event": "ready",
        "api": "http://127.0.0.1:1",
    }.items() <= line.items()


def test_ids_are_cut_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup("text", "shop")
    consent = "ab" * 32
    log.event("effect.done", effect=f"1337/ConsentRegistry/{consent}/receipt", keys=[consent, "cd" * 32], n=3)
    log.trouble("away", reason=f"0x{consent} is unknown", transaction="ef" * 8)
    first, second = capsys.readouterr().err.splitlines()
    cut = "ab" * 8
    assert f" effect=1337/ConsentRegistry/{cut}/receipt " in first
    assert first.endswith(f"""keys="['{cut}', '{"cd" * 8}']" n=3""")
    assert second.endswith(f'reason="0x{cut} is unknown" transaction={"ef" * 8}')


def test_the_log_of_a_done_effect_does_not_say_which_stream_item_came_of_it() -> None:
    assert log.without_ids({"receipt": "ab" * 32, "block": 7, "moot": "the request is over"}) == {
        "block": 7,
        "moot": "the request is over",
    }


def test_what_other_libraries_put_into_their_messages_is_not_passed_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.setup("text", "shop")
    logging.getLogger("Savoir").info("request %s", "secret")
    logging.getLogger("urllib3").warning("retrying %s", "secret")
    assert "secret" not in capsys.readouterr().err


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING])
def test_no_level_lets_through_what_a_library_says_of_requests_and_answers(
    capsys: pytest.CaptureFixture[str], restore: ExitStack, level: int
) -> None:
    log.setup("text", "shop")
    names = ("web3.providers.HTTPProvider", "urllib3.connectionpool", "uvicorn.error", "sqlalchemy.engine")
    for library in map(logging.getLogger, ("", *names)):
        before = library.level
        library.setLevel(logging.DEBUG)
        restore.callback(library.setLevel, before)
    for library in map(logging.getLogger, names):
        library.log(level, f"already formatted: {'secret'}")
        try:
            raise ValueError("secret")
        except ValueError:
            library.log(level, "secret", exc_info=True)
    said = capsys.readouterr().err
    assert "secret" not in said
    assert len(said.splitlines()) == (0 if level == logging.DEBUG else 8)
    log.event("ready")
    assert "event=ready" in capsys.readouterr().err
