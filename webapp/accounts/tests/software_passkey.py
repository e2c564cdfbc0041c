"""A passkey in software: answers a site's challenge as a phone would, so that tests need no browser."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

PRESENT = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class SoftwarePasskey:
    def __init__(self, host: str, *, origin: str = "") -> None:
        self.origin = origin or f"https://{host}"
        self.rp_hash = hashlib.sha256(host.encode()).digest()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.used = 0

    def register(self, challenge: str) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = AuthenticatorData.create(self.rp_hash, PRESENT | AuthenticatorData.FLAG.AT, 0, credential)
        client = self._client_data(CollectedClientData.TYPE.CREATE, challenge)
        made = AttestationObject.create("none", data, {})
        return self._answer(client, attestationObject=websafe_encode(bytes(made)))

    def confirm(self, challenge: str) -> dict[str, Any]:
        self.used += 1
        data = AuthenticatorData.create(self.rp_hash, PRESENT, self.used)
        client = self._client_data(CollectedClientData.TYPE.GET, challenge)
        signed = self.key.sign(bytes(data) + client.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer(client, authenticatorData=websafe_encode(bytes(data)), signature=websafe_encode(signed))

    def _client_data(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, self.origin)

    def _answer(self, client: CollectedClientData, **more: str) -> dict[str, Any]:
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "response": {"clientDataJSON": websafe_encode(bytes(client)), **more},
            "clientExtensionResults": {},
        }
