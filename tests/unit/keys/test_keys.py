# SPDX-License-Identifier: Apache-2.0
"""Keys open with their password and with nothing else, and no error tells a secret."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from faircart import envelope, keys
from faircart.keys import KeyFileBroken, KeyFileExists, KeysError, PasswordMissing, PasswordWrong

FAST = 2**4
PASSWORD = "correct horse"


def test_an_account_is_created_and_loaded_again(tmp_path: Path) -> None:
    created = keys.create_account(tmp_path / "shop.json", PASSWORD, work=FAST)
    assert keys.load_account(tmp_path / "shop.json", PASSWORD).key == created.key
    assert (tmp_path / "shop.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["shop.json"]


def test_a_keystore_is_one_that_other_tools_read(tmp_path: Path) -> None:
    keys.save_account(tmp_path / "shop.json", PASSWORD, b"\x01" * 32, work=FAST)
    keystore = json.loads((tmp_path / "shop.json").read_text())
    assert keystore["version"] == 3
    assert Account.decrypt(keystore, PASSWORD) == b"\x01" * 32


def test_the_keystore_of_the_web3_secret_storage_definition_opens(tmp_path: Path) -> None:
    # The PBKDF2 test vector of the definition of Web3 Secret Storage.
    (tmp_path / "vector.json").write_text(
        json.dumps(
            {
                "crypto": {
                    "cipher": "aes-128-ctr",
                    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
                    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
                    "kdf": "pbkdf2",
                    "kdfparams": {
                        "c": 262144,
                        "dklen": 32,
                        "prf": "hmac-sha256",
                        "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
                    },
                    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
                },
                "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
                "version": 3,
            }
        )
    )
    account = keys.load_account(tmp_path / "vector.json", "testpassword")
    assert account.key.hex() == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


def test_keys_kept_by_rotations_are_loaded_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "hpke.json"
    assert keys.load_former_hpke_keys(path, PASSWORD) == []
    keys.create_hpke_key(path, PASSWORD, work=FAST)
    kept = [keys.create_hpke_key(tmp_path / f"hpke.json.{n}", PASSWORD, work=FAST) for n in (2, 10)]
    (tmp_path / "hpke.json.bak").write_text("something else")
    assert keys.load_former_hpke_keys(path, PASSWORD) == [kept[1], kept[0]]


def test_an_hpke_key_is_created_and_loaded_again(tmp_path: Path) -> None:
    created = keys.create_hpke_key(tmp_path / "reading.json", PASSWORD, work=FAST)
    assert keys.load_hpke_key(tmp_path / "reading.json", PASSWORD) == created
    assert keys.read_public_key(tmp_path / "reading.json") == created.public
    sealed = envelope.seal_to(b"test", created.public, b"a receipt")
    assert envelope.open_from(b"test", created.private, sealed) == b"a receipt"


def test_the_suite_stands_beside_the_key_in_its_file(tmp_path: Path) -> None:
    created = keys.create_hpke_key(tmp_path / "reading.json", PASSWORD, work=FAST)
    file = json.loads((tmp_path / "reading.json").read_text())
    assert file["suite"] == "HPKE-0020-0001-0003"
    assert file["publicKey"] == "0x" + created.public.hex()
    assert created.private.hex() not in (tmp_path / "reading.json").read_text()


def test_a_vault_key_is_created_and_loaded_again(tmp_path: Path) -> None:
    created = keys.create_vault_key(tmp_path / "vault.json", PASSWORD, work=FAST)
    assert keys.load_vault_key(tmp_path / "vault.json", PASSWORD) == created
    assert len(created) == 32


CREATE: dict[str, Any] = {
    "account": keys.create_account,
    "hpke": keys.create_hpke_key,
    "vault": keys.create_vault_key,
}
LOAD: dict[str, Any] = {
    "account": keys.load_account,
    "hpke": keys.load_hpke_key,
    "vault": keys.load_vault_key,
}
every_kind = pytest.mark.parametrize("kind", CREATE)


@every_kind
def test_a_wrong_password_is_one_clear_sentence(kind: str, tmp_path: Path) -> None:
    CREATE[kind](tmp_path / "key.json", PASSWORD, work=FAST)
    with pytest.raises(PasswordWrong, match=r"the password does not open .*key\.json") as info:
        LOAD[kind](tmp_path / "key.json", "wrong battery")
    assert "\n" not in str(info.value)
    assert "battery" not in str(info.value)


@every_kind
def test_a_key_is_never_overwritten(kind: str, tmp_path: Path) -> None:
    CREATE[kind](tmp_path / "key.json", PASSWORD, work=FAST)
    before = (tmp_path / "key.json").read_bytes()
    with pytest.raises(KeyFileExists, match="keys are never overwritten"):
        CREATE[kind](tmp_path / "key.json", PASSWORD, work=FAST)
    assert (tmp_path / "key.json").read_bytes() == before


@every_kind
def test_a_folder_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFileBroken, match=r"cannot write .*absent.*No such file"):
        CREATE[kind](tmp_path / "absent" / "key.json", PASSWORD, work=FAST)
    with pytest.raises(KeyFileBroken, match=r"cannot read the key file .*absent.*No such file"):
        LOAD[kind](tmp_path / "absent" / "key.json", PASSWORD)


@every_kind
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '"x"', '{"version": 3, "crypto": {}}', '{"version": 1}', "\x00"]
)
def test_a_file_that_is_no_key_is_refused(kind: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(KeyFileBroken, match=r"key\.json is"):
        LOAD[kind](tmp_path / "key.json", PASSWORD)


@pytest.mark.parametrize("kind", ["hpke", "vault"])
def test_an_altered_key_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    CREATE[kind](path, PASSWORD, work=FAST)
    whole = json.loads(path.read_text())
    changes: list[dict[str, Any]] = [
        {"kdf": whole["kdf"] | {"n": 2**30}},
        {"kdf": whole["kdf"] | {"n": 17}},
        {"kdf": whole["kdf"] | {"n": FAST * 2}},
        {"kdf": whole["kdf"] | {"salt": "0x00"}},
        {"kdf": whole["kdf"] | {"name": "none"}},
        {"cipher": whole["cipher"] | {"nonce": "0x" + "00" * 12}},
        {"cipher": whole["cipher"] | {"ciphertext": "0x"}},
        {"cipher": None},
        {"kdf": None},
        {"version": 2},
        {"faircart": "other-key"},
        {"note": "added"},
    ]
    for change in changes:
        path.write_text(json.dumps(whole | change))
        with pytest.raises(KeysError, match=r"key\.json"):
            LOAD[kind](path, PASSWORD)


def test_a_public_key_cannot_be_exchanged_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    keys.create_hpke_key(path, PASSWORD, work=FAST)
    other = envelope.public_key_to_json(envelope.new_request_key()[1])
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    with pytest.raises(PasswordWrong, match="or the file was altered"):
        keys.load_hpke_key(path, PASSWORD)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"suite": "HPKE-0010-0001-0003"}))
    with pytest.raises(KeyFileBroken, match="expected a key of the suite"):
        keys.read_public_key(path)


def test_a_key_of_one_kind_does_not_pass_for_another(tmp_path: Path) -> None:
    keys.create_vault_key(tmp_path / "key.json", PASSWORD, work=FAST)
    with pytest.raises(KeyFileBroken, match="not a FairCart key file of the kind hpke-key"):
        keys.load_hpke_key(tmp_path / "key.json", PASSWORD)


def test_a_key_shows_no_secret_when_it_is_printed(tmp_path: Path) -> None:
    key = keys.create_hpke_key(tmp_path / "key.json", PASSWORD, work=FAST)
    assert key.private.hex() not in repr(key)
    assert str(key.private) not in f"{key} {[key]}"


class Terminal:
    """Standard input as a terminal, with what the user types."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.asked: list[str] = []
        typed = iter(answers)

        def ask(prompt: str) -> str:
            self.asked.append(prompt)
            return next(typed)

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", ask)


def test_a_password_comes_from_the_named_file_without_its_line_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pw").write_bytes(b" spaces count \r\n")
    (tmp_path / "other").write_text("other")
    assert keys.read_password("it", file=tmp_path / "pw") == " spaces count "
    monkeypatch.setenv("FAIRCART_PASSWORD_FILE", str(tmp_path / "other"))
    assert keys.read_password("it") == "other"
    assert keys.read_password("it", file=tmp_path / "pw") == " spaces count "
    monkeypatch.setenv("SHOP_PASSWORD_FILE", str(tmp_path / "pw"))
    assert keys.read_password("it", variable="SHOP_PASSWORD_FILE") == " spaces count "


def test_without_a_terminal_nobody_is_asked_and_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRCART_PASSWORD_FILE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(
        PasswordMissing, match=r"no password for the keystore, .*--password-file FILE or set FAIRCART"
    ):
        keys.read_password("the keystore")
    with pytest.raises(PasswordMissing, match="give --spw FILE or set SPW_FILE"):
        keys.read_password("it", option="--spw", variable="SPW_FILE")


def test_on_a_terminal_the_user_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRCART_PASSWORD_FILE", raising=False)
    terminal = Terminal(monkeypatch, PASSWORD)
    assert keys.read_password("the keystore shop.json") == PASSWORD
    assert terminal.asked == ["Password for the keystore shop.json: "]


def test_a_new_password_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRCART_PASSWORD_FILE", raising=False)
    Terminal(monkeypatch, "one", "one", "one", "two", "")
    assert keys.read_password("it", confirm=True) == "one"
    with pytest.raises(PasswordMissing, match="the two passwords for it differ"):
        keys.read_password("it", confirm=True)
    with pytest.raises(PasswordMissing, match="the password for it is empty"):
        keys.read_password("it", confirm=True)


def test_an_unusable_password_file_is_named_but_not_its_content(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfesecret")
    for name, message in (
        ("absent", "cannot read the password file .*absent for it: No such file"),
        ("empty", "the password file .*empty for it is empty"),
        ("binary", "is not UTF-8 text"),
    ):
        with pytest.raises(PasswordMissing, match=message) as info:
            keys.read_password("it", file=tmp_path / name)
        assert "secret" not in str(info.value)
        assert not isinstance(info.value.__cause__, UnicodeDecodeError)
