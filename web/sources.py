"""What the built page is made from, told by one hash; the launcher and the build hook ask here.

Standard library only, and parses on every Python 3, as the launcher does.
"""

import hashlib
from pathlib import Path

WEB = Path(__file__).resolve().parent
# Made from the sources, or no part of the page.
LEFT_OUT = ("node_modules", "dist", "test", "__pycache__")


def fingerprint():
    """One hash over every file that the build reads."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        relative = path.relative_to(WEB)
        if relative.parts[0] not in LEFT_OUT and path.is_file() and path.suffix != ".stamp":
            digest.update(str(relative).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
