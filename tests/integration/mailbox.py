"""A service whose mails go to a folder, and the links and codes in them."""

import asyncio
import re
from pathlib import Path
from typing import Final

from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.ports import DevelopmentMails
from tests.integration.service import MakeService, Service

PUBLIC_URL: Final = "https://auth.example.com"
_LINK: Final = re.compile(r"https://auth\.example\.com/account/(?P<page>[a-z-]+)#token=(?P<token>[\w-]+)")
_CODE: Final = re.compile(r"^ {4}(\d{4} \d{4})\r?$", re.MULTILINE)


async def make_service_with_mail(make_service: MakeService, folder: Path, **changes: object) -> Service:
    """Create a service that sends its mails to a folder, with additional settings."""
    ours = {"public_url": PUBLIC_URL, "mail_development_folder": str(folder), "background": "in_process"}
    return await make_service(**{**ours, **changes})


async def next_mail(service: Service, email: str, subject: str) -> Mail:
    """Wait for a mail to an address whose subject contains this text, and return it."""
    mails: DevelopmentMails = service.app.state.services.development_mails
    async with asyncio.timeout(60):
        while True:
            for mail in await mails.list():
                if mail.to == email and subject in mail.content.subject:
                    return mail
            await asyncio.sleep(0.02)


def token_in(mail: Mail) -> str:
    """Return the token of a mail's link."""
    found = _LINK.search(mail.content.text)
    assert found is not None, mail.content.text
    return found["token"]


def code_in(mail: Mail) -> str:
    """Return the code of a mail in its written form."""
    found = _CODE.search(mail.content.text)
    assert found is not None, mail.content.text
    return found[1]
