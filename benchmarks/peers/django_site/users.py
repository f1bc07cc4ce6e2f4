"""Create tokens of signed-in users: run by `django shell`."""

import json
import os

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import RefreshToken


def print_tokens(count: int) -> None:
    """Print tokens of that many users, as their logins would return them, as one line of JSON."""
    stored = make_password(os.environ["PEER_PASSWORD"])
    people = [
        User.objects.get_or_create(
            username=f"user{number}", defaults={"email": f"user{number}@example.com", "password": stored}
        )[0]
        for number in range(count)
    ]
    tokens = [RefreshToken.for_user(person) for person in people]
    print(json.dumps([{"refresh": str(token), "access": str(token.access_token)} for token in tokens]))
