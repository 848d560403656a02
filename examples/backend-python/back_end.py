"""Logs in as the integration that create-integration.mjs has made."""

import base64
import datetime
import json
import os
import pathlib
import sys
import time
import uuid

import nats
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

project = pathlib.Path(__file__).resolve().parents[2]
data_dir = pathlib.Path(os.environ.get("NOVACORE_DATA_DIR", project / ".novacore"))
details = json.loads((data_dir / "back-end.json").read_text())
key = serialization.load_pem_private_key(
    (data_dir / "back-end-key.pem").read_bytes(), password=None
)


async def connect():
    """Comes back by itself, for as long as it takes."""
    integration_id = details["integration_id"]
    return await nats.connect(
        details["nats_url"],
        user=integration_id,
        password=login_jwt,  # a function: each connection logs in with a JWT of its own
        inbox_prefix=f"_INBOX_{integration_id}",
        max_reconnect_attempts=-1,
        error_cb=tell_error,
        disconnected_cb=tell_lost,
        reconnected_cb=tell_back,
    )


def login_jwt():
    """ES256, ten minutes; connections outlive it. REST takes it as bearer token as well."""
    now = int(time.time())
    header = {"alg": "ES256", "typ": "JWT", "device": details["integration_id"]}
    payload = {"iat": now, "exp": now + 600, "jti": str(uuid.uuid4())}
    text = b".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
    r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    # JWTs want raw r‖s, 32 bytes each; cryptography signs in DER.
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return (text + b"." + signature).decode()


def print_reading(message):
    reading = json.loads(message.data)
    time_utc = datetime.datetime.fromtimestamp(reading["timestamp"] / 1000, datetime.timezone.utc)
    stamp = time_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(f"{stamp} {reading['type']:<10} {reading.get('W')} W", flush=True)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


async def tell_error(error):  # also a refused login, at each attempt
    print(f"{error!r}", file=sys.stderr, flush=True)


async def tell_lost():
    print("the connection is lost; trying again", file=sys.stderr, flush=True)


async def tell_back():
    print("connected again", file=sys.stderr, flush=True)
