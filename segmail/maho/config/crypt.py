"""Decrypts the values that Maho keeps encrypted in its configuration."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NoReturn

from segmail.errors import ConfigError, Fault

_CURRENT_KEY = re.compile(r"[0-9A-Fa-f]{64}")
_SMALLEST_BOX = 24 + 16  # the nonce and the seal
_BLOWFISH_BLOCK = 8


def decrypt(value: str | None, key: str | None) -> str:
    """Return the plain text of an encrypted configuration value.

    `key` is `global/crypt/key` of local.xml: 64 hexadecimal digits, or the shorter text of a shop
    that still uses Magento 1's encryption. None and '' decrypt to ''.

    Raises ConfigError where Maho would log an exception and go on with an empty value. Its text
    says what is wrong but never contains the value; the caller adds the path.
    """
    if not value:
        return ""
    if not key:
        raise ConfigError("is encrypted, but no encryption key is known (crypt/key in local.xml).")
    data = _from_base64(value)
    plain = _open_box(data, key) if _CURRENT_KEY.fullmatch(key) else _open_legacy(data, key)
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("decrypts to bytes that are not text: it was encrypted with another key")


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        _refuse("is not an encrypted value (not Base64)")


def _open_box(data: bytes, key: str) -> bytes:
    """XSalsa20-Poly1305: a nonce of 24 bytes, then the sealed text (libsodium's secretbox)."""
    if len(data) < _SMALLEST_BOX:
        _refuse("is not an encrypted value (too short)")
    from nacl.exceptions import CryptoError  # not imported by runs that decrypt nothing
    from nacl.secret import SecretBox

    try:
        return SecretBox(bytes.fromhex(key)).decrypt(data)
    except CryptoError:
        _refuse("cannot be decrypted: it is damaged, or was encrypted with another key")


def _open_legacy(data: bytes, key: str) -> bytes:
    """Blowfish-ECB with the key's text as it is, padded with zero bytes: Magento 1 and OpenMage."""
    # Imported here: only shops that were never migrated need it, and some builds leave it out.
    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
        from cryptography.hazmat.primitives.ciphers import Cipher, modes
    except ImportError:
        _refuse("is encrypted with Blowfish, which this `cryptography` package lacks")
    if not data or len(data) % _BLOWFISH_BLOCK:
        _refuse("is not a value encrypted with Blowfish (length)")
    try:
        cipher = Cipher(Blowfish(key.encode()), modes.ECB())  # noqa: S305 - Maho's, only read
    except ValueError:
        _refuse("cannot be decrypted: the encryption key is neither 64 hex digits nor Blowfish's")
    decryptor = cipher.decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    return plain.strip(b" \t\n\r\0\x0b").replace(b"\0", b"")


def _refuse(fault: str) -> NoReturn:
    raise ConfigError(Fault(f"{fault}.", "Save it again in Maho's admin."))
