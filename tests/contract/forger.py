"""A provider that lies: it publishes what a real one does, and answers with whatever ID token a test forges."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENT_ID, SECRET = "sentinela here", "s3cret:of/the+client"
Claims = dict[str, Any]


class Forger:
    """Serves on loopback; `token` is the next ID token, `status` that of the token's answer."""

    def __init__(self) -> None:
        self.key, self.kid = generate_private_key(65537, 2048), "one"
        self.token, self.status = "", 200
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Path, Authorization and form of each request."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def change_key(self) -> None:
        self.key, self.kid = generate_private_key(65537, 2048), self.kid + "+"

    def claims(self, authorization_url: str, **changed: Any) -> Claims:
        """True ones for this sign-in, but for what is changed; None leaves a claim out."""
        now, asked = int(time.time()), parse_qs(urlsplit(authorization_url).query)
        true = {
            "iss": self.url,
            "sub": "somebody",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"][0],
        }
        return {name: value for name, value in (true | changed).items() if value is not None}

    def sign(self, claims: Claims, key: Any = None, algorithm: str = "RS256", kid: str | None = None) -> str:
        return jwt.encode(claims, self.key if key is None else key, algorithm, headers={"kid": kid or self.kid})

    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)

    def answer(self, path: str) -> tuple[int, Any]:
        answers: dict[str, Callable[[], tuple[int, Any]]] = {
            "/.well-known/openid-configuration": lambda: (200, self._document()),
            "/keys": lambda: (200, {"keys": [jwk_of(self.key, self.kid)]}),
            "/token": lambda: (self.status, {"id_token": self.token, "access_token": "x", "token_type": "Bearer"}),
        }
        return answers[path]()

    def _document(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                form = {name: value for name, (value,) in parse_qs(self.rfile.read(length).decode()).items()}
                forger.asked.append((self.path, self.headers.get("Authorization", ""), form))
                status, content = forger.answer(self.path)
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that the library calls

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler


def jwk_of(key: RSAPrivateKey, kid: str) -> Claims:
    public: Claims = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig"}
