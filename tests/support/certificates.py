"""A certificate authority of a test's own, and servers' certificates of it."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, kw_only=True)
class Authority:
    """`file`: its own certificate, in PEM."""

    folder: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @property
    def file(self) -> Path:
        return self.folder / "ca.pem"


def authority(folder: Path) -> Authority:
    """A new authority that keeps its files in `folder`."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    made = Authority(folder=folder, name=name, key=ec.generate_private_key(ec.SECP256R1()))
    constraint = x509.BasicConstraints(ca=True, path_length=0)
    certificate = (
        _builder(made, name, made.key).add_extension(constraint, critical=True).sign(made.key, hashes.SHA256())
    )
    made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made


def server_context(ca: Authority, host: str) -> ssl.SSLContext:
    """A TLS context for a server that shows a certificate of `ca` for `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file(ca, host))
    return context


def server_file(ca: Authority, host: str) -> Path:
    """A file with a server's private key and its certificate of `ca` for `host`, in PEM."""
    chain = ca.folder / f"{host}.pem"
    if not chain.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        names = x509.SubjectAlternativeName([name])
        made = _builder(ca, x509.Name([]), key).add_extension(names, critical=True).sign(ca.key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return chain


def _builder(ca: Authority, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )
