"""`guibin keys`: make the key file, rotate the key that wraps all others."""

import asyncio
import os
from dataclasses import replace
from typing import Annotated

import typer

from guibin.security.aead import CipherName
from guibin.security.key_file import (
    IndexHash,
    KeyFileInvalid,
    KeyMaterial,
    complete_key_file,
    read_key_file,
    rewrite_key_file,
    write_key_file,
)
from guibin_tools.errors import OperatorError
from guibin_tools.keys.rewrapping import rewrap_all
from guibin_tools.keys.session_keys import rotate
from guibin_tools.settings import OperatorSettings

_KEY_BYTES = 32

keys_app = typer.Typer(no_args_is_help=True, help="The key file of this deployment.")


@keys_app.command()
def create(
    cipher: Annotated[CipherName, typer.Option(help="What personal values are encrypted with")] = "aes-256-gcm",
    index_hash: Annotated[IndexHash, typer.Option(help="What look-ups hash with; it cannot be changed")] = "sha256",
) -> None:
    """Make a key file with new keys; never over one that is there."""
    path = OperatorSettings().effective_keys_file
    try:
        write_key_file(path, KeyMaterial.generate(cipher, index_hash))
    except FileExistsError:
        raise OperatorError(f"{path} exists: keys are never overwritten.") from None
    typer.echo(f"Made {path}. Keep a copy where the database is not.")


@keys_app.command()
def complete() -> None:
    """Add the keys that a newer version of the product asks for."""
    try:
        added = complete_key_file(OperatorSettings().effective_keys_file)
    except KeyFileInvalid as error:
        raise OperatorError(f"GUIBIN_KEYS_FILE: {error}.") from error
    typer.echo(f"Added {', '.join(added)}." if added else "Nothing was missing.")


@keys_app.command()
def add() -> None:
    """Add a key-encryption key that opens, and does not wrap yet; give the file to every process, then `use` it."""
    material = _read()
    version = max(material.key_encryption_keys) + 1
    wrapping = {**material.key_encryption_keys, version: os.urandom(_KEY_BYTES)}
    _rewrite(replace(material, key_encryption_keys=wrapping))
    typer.echo(f"Added version {version}. Every process must have this file before `guibin keys use {version}`.")


@keys_app.command()
def use(version: Annotated[int, typer.Argument(help="Version of a key-encryption key")]) -> None:
    """Wrap new data keys with another key-encryption key from now on."""
    material = _read()
    if version not in material.key_encryption_keys:
        known = ", ".join(str(known) for known in sorted(material.key_encryption_keys))
        raise OperatorError(f"There is no version {version}; there is: {known}.")
    _rewrite(replace(material, current=version))
    typer.echo(f"Version {version} wraps now. Run `guibin keys rewrap` next.")


@keys_app.command()
def rewrap() -> None:
    """Wrap all data keys with the current key-encryption key, while the services run; again after a stop goes on."""

    def show(table: str, done: int) -> None:
        typer.echo(f"{table}: {done}")

    done = asyncio.run(rewrap_all(OperatorSettings(), progress=show))
    typer.echo(f"{sum(done.values())} data keys wrapped again; all are wrapped with the current key.")


@keys_app.command("rotate-sessions")
def rotate_sessions(
    at_once: Annotated[bool, typer.Option("--at-once", help="A key has leaked: the old ones end now")] = False,
) -> None:
    """Publish the next key that signs customers' access tokens; it signs a day later, when every process knows it."""
    typer.echo(rotate(OperatorSettings().effective_session_keys_file, at_once=at_once))


def _read() -> KeyMaterial:
    try:
        return read_key_file(OperatorSettings().effective_keys_file)
    except KeyFileInvalid as error:
        raise OperatorError(f"GUIBIN_KEYS_FILE: {error}.") from error


def _rewrite(material: KeyMaterial) -> None:
    rewrite_key_file(OperatorSettings().effective_keys_file, material)
