"""Decryption, on vectors that PHP's libsodium and OpenSSL agree on."""

from __future__ import annotations

import base64

import pytest

from segmail.errors import ConfigError
from segmail.maho.config.crypt import decrypt
from tests.each_case import for_each

KEY = bytes(range(32)).hex()
BOX = "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7TgoIbUZgvheDlSDxipIxtHGK+rsJwu6Z8I5Qu0Cn0Xw="
LEGACY_KEY = "0123456789abcdef0123456789abcdef"
LEGACY = "ue0/skhrHR7h0OkzUp+rHi95rNaiZqZZ"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (BOX, "s3cr3t p@ss/w#rd"),
        ("ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp79JVy1hlCgePIf7tOIQaTLA==", ""),
        ("ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7iQuMP2bJ/vw15a/2hu0T8G96JaVW07w=", "müller"),
    ],
)
def test_libsodiums_boxes_open(value: str, plain: str) -> None:
    assert decrypt(value, KEY) == plain
    assert decrypt(value, KEY.upper()) == plain


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_decrypts_to_nothing_even_without_a_key(nothing: str | None) -> None:
    assert decrypt(nothing, None) == ""


def test_a_key_of_magento_1_means_blowfish() -> None:
    assert decrypt(LEGACY, LEGACY_KEY) == "s3cr3t p@ss/w#rd!"


@for_each(
    ("value", "key", "fault"),
    [
        (BOX, None, "no encryption key is known"),
        (BOX, "", "no encryption key is known"),
        (BOX.rstrip("="), KEY, "not Base64"),
        (f" {BOX}", KEY, "not Base64"),
        (f"{BOX}\n", KEY, "not Base64"),
        (BOX.replace("+", "-"), KEY, "not Base64"),
        ("pässwort", KEY, "not Base64"),
        (base64.b64encode(bytes(39)).decode(), KEY, "too short"),
        (base64.b64encode(bytes(40)).decode(), KEY, "another key"),
        (BOX, "ff" * 32, "another key"),
        (LEGACY, "another key of magento 1", "another key"),
        ("AAAA", LEGACY_KEY, "Blowfish"),
        (LEGACY, "x" * 57, "neither 64 hex digits nor Blowfish's"),
    ],
)
def test_what_cannot_be_read_is_a_fault_without_the_value(
    value: str, key: str | None, fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault) as caught:
        decrypt(value, key)

    assert value.strip() not in str(caught.value)
