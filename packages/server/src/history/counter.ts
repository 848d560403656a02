/**
 * How energy is read off a lifetime counter that may restart, slip or stumble. Between two values in
 * a row there are four cases:
 *
 * - It grew, or fell by less than `jitterWh` (rounding, a value read while it was being written): the
 *   difference counts, so that jitter cancels out over time.
 * - It grew by more than `powerMaxW` can bring in that time: the value before was a stumble (inverters
 *   report 0 while they sleep) or the device was replaced. Nothing counts.
 * - It fell to less than nine tenths: it restarted from 0, so that the new value is what came since.
 *   Not if that would take more than `powerMaxW`.
 * - It fell by less: the device went back to what it had saved last. What came meanwhile is not known;
 *   nothing counts.
 */
const rule = {
  jitterWh: 10,
  /** Of the value before. A device saves its counters hourly or so, and no device is hours old. */
  restartShare: 0.9,
  /** What a reading may say at most (protocol, `members.ts`). */
  powerMaxW: 10_000_000,
} as const;

const hourMs = 3_600_000;

/** What came between two values of a counter; slightly negative where it jitters. */
export function counterIncreaseWh(beforeWh: number, afterWh: number, overMs: number): number {
  const mostWh = rule.jitterWh + (rule.powerMaxW * overMs) / hourMs;
  const differenceWh = afterWh - beforeWh;
  if (differenceWh > mostWh) return 0;
  if (differenceWh >= -rule.jitterWh) return differenceWh;
  return afterWh < rule.restartShare * beforeWh && afterWh <= mostWh ? afterWh : 0;
}

/** The same in SQL, of three expressions. */
export function counterIncreaseSql(before: string, after: string, overMs: string): string {
  const most = `(${rule.jitterWh} + ${rule.powerMaxW}.0 * (${overMs}) / ${hourMs})`;
  return `case
    when ${after} - ${before} > ${most} then 0
    when ${after} - ${before} >= -${rule.jitterWh} then ${after} - ${before}
    when ${after} < ${rule.restartShare} * ${before} and ${after} <= ${most} then ${after}
    else 0 end`;
}

/**
 * The energy above 0 of a power that changes evenly from one value to another, in Wh ≥ 0. What is
 * below 0 is that of the negated values.
 */
export function energyAboveWh(fromW: number, toW: number, overMs: number): number {
  const hours = overMs / hourMs;
  if (fromW >= 0 && toW >= 0) return ((fromW + toW) / 2) * hours;
  if (fromW <= 0 && toW <= 0) return 0;
  // A triangle: as high as the value above 0, as long as its share of the way.
  return (Math.max(fromW, toW) ** 2 / (2 * Math.abs(fromW - toW))) * hours;
}

export function energyAboveSql(from: string, to: string, overMs: string): string {
  return `(case
    when ${from} >= 0 and ${to} >= 0 then (${from} + ${to}) / 2
    when ${from} <= 0 and ${to} <= 0 then 0
    else greatest(${from}, ${to}) * greatest(${from}, ${to}) / (2 * abs(${from} - ${to})) end) * (${overMs}) / ${hourMs}`;
}
