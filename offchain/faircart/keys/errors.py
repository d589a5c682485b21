# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with passwords, key files and the vault. Messages never hold secrets."""

from faircart.errors import FairCartError


class KeysError(FairCartError):
    """Base of the errors of keys."""


class PasswordMissing(KeysError):
    """No password was given, and nobody can be asked for one."""


class PasswordWrong(KeysError):
    """The password does not open this key file."""


class KeyFileBroken(KeysError):
    """The file is not there, not readable, or not a key file of the kind that was expected."""


class KeyFileExists(KeysError):
    """A new key would overwrite a file."""


class VaultError(KeysError):
    """Base of the errors of the vault."""


class VaultEntryExists(VaultError):
    """The vault holds something under this name already."""


class VaultEntryUnknown(VaultError):
    """The vault never held anything under this name."""


class VaultEntryDestroyed(VaultError):
    """The key of this entry was destroyed: nobody can read it any more."""


class VaultEntryUnreadable(VaultError):
    """The entry was sealed under another vault key, moved from another name, or altered."""
