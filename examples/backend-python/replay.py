"""Prints the readings of the last hour, then new ones; goes on where it ended: replay.py [--count N]"""

import argparse
import asyncio
import json
import math
import time
import urllib.error
import urllib.request

import nats.errors
from back_end import connect, details, login_jwt, print_reading

parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=math.inf, help="end after so many readings")
NAME = "python-example"
BATCH = 50


async def main(left):
    consumer = open_consumer()
    connection = await connect()
    # JetStream is in the hub's account, which a back end reaches as the domain "hub".
    stream = connection.jetstream(domain="hub")
    subscription = await stream.pull_subscribe_bind(consumer["consumer"], consumer["stream"])
    while left > 0:
        try:
            # No more than are printed at once: what was delivered and not acknowledged comes again.
            messages = await subscription.fetch(min(left, BATCH), timeout=2)
        except nats.errors.TimeoutError:
            continue  # nothing new, or no connection
        for message in messages:
            print_reading(message)
            await message.ack()
        left -= len(messages)
    await connection.flush()  # sends the acknowledgements that are still on their way
    await connection.close()


def open_consumer():
    """The hub keeps the consumer and its position: only the first run makes it."""
    try:
        return ask("GET", f"/nats/consumers/{NAME}")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
    since = int(time.time() * 1000) - 3_600_000
    return ask("POST", "/nats/consumers", {"name": NAME, "org_id": details["org_id"], "since": since})


def ask(method, path, body=None):
    headers = {"Authorization": f"Bearer {login_jwt()}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(details["base_url"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


asyncio.run(main(parser.parse_args().count))
