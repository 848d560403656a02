import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { OldDays } from "./old-days.ts";

test("so many days of old readings are taken, and then no other day", () => {
  const days = new OldDays();
  const startMs = Date.parse("2024-01-01T12:00:00Z");
  const timeOf = (day: number) => startMs + day * 86_400_000;
  for (let day = 0; day < limits.uploadOldDaysMax; day++) {
    assert.equal(days.take(timeOf(day)), undefined);
  }
  assert.equal(days.take(timeOf(0) + 3_600_000), undefined, "a day that is there already");
  const refusal = days.take(timeOf(limits.uploadOldDaysMax));
  assert.equal(refusal?.code, "too_many_days");
  assert.match(
    refusal?.message ?? "",
    /^\/timestamp is of 2024-04-10, .* 100 other days already; send/,
  );
});
