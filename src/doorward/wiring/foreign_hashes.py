"""Build the verifier of password hashes of other systems from the settings."""

from doorward.infrastructure.foreign_hashes import ForeignHashes
from doorward.infrastructure.foreign_hashes.bounds import Bounds
from doorward.settings.imported_hashes import ImportedHashSettings, decoded_base64

KIB_OF_A_MIB = 1024


def create_foreign_hashes(settings: ImportedHashSettings) -> ForeignHashes:
    """Return the verifier of password hashes of other systems."""
    key = settings.firebase_signer_key
    return ForeignHashes(
        Bounds(memory_kib=settings.imported_hash_memory_mib * KIB_OF_A_MIB),
        None if key is None else decoded_base64(key.get_secret_value()),
    )
