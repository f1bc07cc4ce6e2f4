"""The tests' mail server: aiosmtpd on a loopback port, with certificates of its own authority."""

import asyncio
import ipaddress
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = "250 OK"


class Mailroom:
    """The server's responses, and the accepted mails. ``answers`` to DATA are used in turn, repeating the last one."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.answers = [OK]
        self.answer_to_recipient = OK
        self.answer_to_sender = OK
        self.before_data: Callable[[], Any] | None = None
        self.seen = 0
        self.was_encrypted: list[bool] = []

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answer_to_sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answer_to_recipient == OK:
            envelope.rcpt_tos.append(address)
        return self.answer_to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.seen += 1
        if self.before_data is not None:
            await self.before_data()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "hang up":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        elif answer == OK:
            assert isinstance(envelope.content, bytes)
            self.envelopes.append(envelope)
            self.was_encrypted.append(session.ssl is not None)
            self.taken.append(message_from_bytes(envelope.content, _class=EmailMessage, policy=SMTP_POLICY))
        return answer


class Certificates:
    """An authority, and the certificates that it issues."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
        self._authority = self._certificate(
            self._name, self._key, extension=x509.BasicConstraints(ca=True, path_length=0)
        )

    def authority_file(self) -> Path:
        """Return a file with the authority's certificate, for SSL_CERT_FILE."""
        path = self._folder / "authority.pem"
        path.write_bytes(self._authority.public_bytes(serialization.Encoding.PEM))
        return path

    def client_context(self) -> ssl.SSLContext:
        """Return a client context that trusts only this authority."""
        text = self._authority.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=text)

    def server_context(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        """Return a server context with a certificate for the address ``host``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server_file(host, x509.IPAddress(ipaddress.ip_address(host))))
        return context

    def server_file(self, host: str, subject: x509.GeneralName) -> Path:
        """Return a file with a certificate for a name or an address, and with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        names = x509.SubjectAlternativeName([subject])
        certificate = self._certificate(name, key, extension=names)
        path = self._folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        return builder.sign(self._key, hashes.SHA256())


@asynccontextmanager
async def mail_server(
    mailroom: Mailroom,
    *,
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
) -> AsyncIterator[int]:
    """Run a server within the block; yield its port."""

    def is_right(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        right = login is not None and (given.login.decode(), given.password.decode()) == login
        return AuthResult(success=right, handled=False)

    def create() -> SMTP:
        with warnings.catch_warnings():
            # The server accepts passwords without encryption, as one of the tests requires.
            warnings.simplefilter("ignore")
            return SMTP(
                mailroom,
                hostname="mail.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=is_right if login else None,
                auth_required=login is not None,
                auth_require_tls=False,
                enable_SMTPUTF8=True,
            )

    server = await asyncio.get_running_loop().create_server(create, "127.0.0.1", 0, ssl=implicit)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
        yield port
