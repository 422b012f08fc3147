"""What the server under test was started with."""

import os


def _read(name: str) -> str:
    value = os.environ.get(name, "")
    if value == "":
        raise RuntimeError(f"{name} is not set: run this by npm run test:interop")
    return value


ADDRESS = _read("LOCKOUTD_ADDRESS")
ADMIN_TOKEN = _read("LOCKOUTD_ADMIN_TOKEN")
INSTANCE_ID = _read("LOCKOUTD_INSTANCE_ID")
ORG_ID = _read("LOCKOUTD_ORG_ID")
USER_ID = _read("LOCKOUTD_USER_ID")
KEY_FILE = _read("LOCKOUTD_KEY_FILE")
CLIENT_ID = _read("LOCKOUTD_CLIENT_ID")
CLIENT_SECRET = _read("LOCKOUTD_CLIENT_SECRET")
