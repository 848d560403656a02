"""Prints the organization's readings as they are stored: live.py [--count N]"""

import argparse
import asyncio

from back_end import connect, details, print_reading

parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, default=0, help="end after so many readings")
count = parser.parse_args().count


async def main():
    connection = await connect()
    subject = f"orgs.{details['org_id']}.sites.*.devices.*.ders.*.telemetry.json.v1"
    subscription = await connection.subscribe(subject)
    if count > 0:
        await subscription.unsubscribe(limit=count)
    async for message in subscription.messages:
        print_reading(message)
    await connection.close()


asyncio.run(main())
