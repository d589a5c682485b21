# SPDX-License-Identifier: Apache-2.0
"""The ChaCha20 library on chain: the vectors of RFC 8439, and all else against another implementation."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.anvil import Anvil, Refused

KEY_OF_SECTION_2 = bytes(range(32))
SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    b"sunscreen would be it."
)

# RFC 8439: section, key, nonce, counter, plaintext, ciphertext (of zeros: the key stream).
VECTORS = [
    (
        "2.3.2",
        KEY_OF_SECTION_2,
        "000000090000004a00000000",
        1,
        bytes(64),
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    ),
    (
        "2.4.2",
        KEY_OF_SECTION_2,
        "000000000000004a00000000",
        1,
        SUNSCREEN,
        "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
        "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
        "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
        "5af90bbf74a35be6b40b8eedf2785e42874d",
    ),
    (
        "A.1 #1",
        bytes(32),
        "000000000000000000000000",
        0,
        bytes(64),
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
    ),
    (
        "A.1 #2",
        bytes(32),
        "000000000000000000000000",
        1,
        bytes(64),
        "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
    ),
    (
        "A.1 #3",
        bytes(31) + b"\x01",
        "000000000000000000000000",
        1,
        bytes(64),
        "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
        "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
    ),
    (
        "A.1 #4",
        b"\x00\xff" + bytes(30),
        "000000000000000000000000",
        2,
        bytes(64),
        "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
        "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
    ),
    (
        "A.1 #5",
        bytes(32),
        "000000000000000000000002",
        0,
        bytes(64),
        "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7"
        "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d",
    ),
]


@pytest.fixture(scope="module")
def cipher(chain: Anvil):
    return chain.deploy("Cipher")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0])
def test_the_vectors_of_rfc_8439_hold_on_chain(cipher, vector):
    _, key, nonce, counter, plain, expected = vector
    found, _ = cipher.functions.xor(key, bytes.fromhex(nonce), counter, plain).call()
    assert found.hex() == expected


@settings(max_examples=100, deadline=None)
@given(
    key=st.binary(min_size=32, max_size=32),
    nonce=st.binary(min_size=12, max_size=12),
    counter=st.integers(0, 2**32 - 4),
    data=st.binary(max_size=256),
)
def test_any_key_nonce_counter_and_length_give_what_openssl_gives(cipher, key, nonce, counter, data):
    # OpenSSL carries an overflow of the counter into the nonce, RFC 8439 has none: stay below it.
    reference = Cipher(algorithms.ChaCha20(key, counter.to_bytes(4, "little") + nonce), mode=None)
    found, _ = cipher.functions.xor(key, nonce, counter, data).call()
    assert found == reference.encryptor().update(data)


def test_more_than_four_blocks_are_refused(chain, cipher):
    with pytest.raises(Refused, match=r"ChaCha20_DataTooLong\(length=257, limit=256\)"):
        chain.ask(cipher.functions.xor(bytes(32), bytes(12), 0, bytes(257)), chain.w3.eth.accounts[0])


def test_a_counter_that_would_overflow_is_refused(chain, cipher):
    last = 2**32 - 4
    chain.ask(cipher.functions.xor(bytes(32), bytes(12), last, bytes(1)), chain.w3.eth.accounts[0])
    with pytest.raises(Refused, match=rf"CounterOutOfRange\(counter={last + 1}, limit={last}\)"):
        chain.ask(cipher.functions.xor(bytes(32), bytes(12), last + 1, b""), chain.w3.eth.accounts[0])


def test_a_whole_chunk_costs_what_the_documentation_says(cipher):
    # A harmless edit can add thousands under this optimiser: then measure again, and say so.
    _, gas = cipher.functions.xor(bytes(32), bytes(12), 1, bytes(256)).call()
    assert gas < 33_000
