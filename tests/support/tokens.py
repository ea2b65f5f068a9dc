"""A CDS client as the service's operator registers it: keys, clients file, signed tokens."""

import json
import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISS = "https://ehr.example.org"
BASE = "https://cds.example.org"
CALL = "/cds-services/patient-triage"
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def private_key(algorithm="ES384", bits=2048):
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    return rsa.generate_private_key(65537, bits)


def public_jwk(key, kid="k1", **more):
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    return kind.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"} | more


def key_set(*jwks):
    return {"keys": list(jwks)}


class EhrClient:
    """Signs as one EHR does. `claims` and `header` of a token may be changed or, by None, left out."""

    def __init__(self, key, *, algorithm="ES384", kid="k1", iss=ISS):
        self.key, self.algorithm, self.kid, self.iss = key, algorithm, kid, iss

    def token(self, path=CALL, *, header=None, key=None, algorithm=None, base=BASE, **claims):
        now = time.time()
        body = {"iss": self.iss, "aud": base + path, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())} | claims
        head = {"kid": self.kid, "typ": "JWT"} | (header or {})
        return jwt.encode(
            {k: v for k, v in body.items() if v is not None},
            self.key if key is None else key,
            algorithm=algorithm or self.algorithm,
            headers={k: v for k, v in head.items() if v is not None},
        )

    def authorization(self, path=CALL, **changes):
        return {"Authorization": f"Bearer {self.token(path, **changes)}"}


def clients_file(folder, *tables):
    """A clients file in `folder` with these tables; a `jwks` value is written to a key file beside it."""
    lines = []
    for number, table in enumerate(tables):
        keys = table.pop("jwks", None)
        if keys is not None:
            (folder / f"keys-{number}.json").write_text(json.dumps(keys))
            table["jwks_file"] = f"keys-{number}.json"
        lines.append("[[client]]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    path = folder / "clients.toml"
    path.write_text("\n".join(lines) + "\n")
    return path
