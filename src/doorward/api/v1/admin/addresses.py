"""What the addresses of administration have in common."""

from typing import Final

TAG: Final = "admin"
ADMIN: Final = "/api/v1/admin"
