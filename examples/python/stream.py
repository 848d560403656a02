"""Prints the demo site's readings: stream.py [--count N]"""

import argparse
import itertools
import json
import os
import pathlib

import requests
import sseclient

parser = argparse.ArgumentParser()
parser.add_argument("--count", type=int, help="end after so many readings")
count = parser.parse_args().count

project = pathlib.Path(__file__).resolve().parents[2]
data_dir = pathlib.Path(os.environ.get("NOVACORE_DATA_DIR", project / ".novacore"))
demo = json.loads((data_dir / "demo.json").read_text())

response = requests.get(
    f"{demo['base_url']}/stream/sites/{demo['site_id']}",
    headers={"Authorization": f"Bearer {demo['token']}"},
    stream=True,
    timeout=60,  # between two reads: the hub sends a comment every 15 s
)
response.raise_for_status()

for event in itertools.islice(sseclient.SSEClient(response).events(), count):
    reading = json.loads(event.data)
    line = f"[{reading['type']}] {reading.get('W', 'N/A')} W"
    if reading["type"] == "battery":
        line += f" ({reading['SoC_nom_fract']:.0%} full)"
    print(line, flush=True)
