import assert from "node:assert/strict";
import { test } from "node:test";
import { assertVersion, isNewEnough } from "./version.ts";

test("a version is compared number by number", () => {
  for (const version of ["2.15.1", "2.15.2", "2.16.0", "3.0.0", "2.15.10", "2.16.0-dev"]) {
    assert.equal(isNewEnough(version), true, version);
  }
  for (const version of ["2.15.0", "2.9.25", "2.12.12", "1.99.99", "unknown", ""]) {
    assert.equal(isNewEnough(version), false, version);
  }
});

test("an old server is named with its version and the way out", () => {
  assert.throws(
    () => assertVersion("2.12.3", "nats-server at /opt/nats"),
    /^Error: nats-server at \/opt\/nats is version 2\.12\.3, but the hub needs 2\.15\.1 or newer;/,
  );
});
