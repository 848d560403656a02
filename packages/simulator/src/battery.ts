/**
 * A home battery: charges from what the sun leaves over, tops up at night when energy is cheap, and
 * carries the house (not the car) through the hours when it is dear.
 */
export const battery = {
  capacityWh: 9_800,
  ratedW: 3_300,
  /** Of the energy that goes in, and again of what comes out. */
  efficiency: 0.96,
  /** Kept for the battery's own health. */
  reserveFraction: 0.05,
  topUpFraction: 0.8,
  topUpW: 2_000,
  topUpHours: { from: 1, to: 5 },
  dearHours: { from: 14, to: 22 },
} as const;

export interface BatteryInput {
  readonly socFraction: number;
  /** Of the house, ≥ 0. */
  readonly loadW: number;
  /** ≥ 0. */
  readonly generationW: number;
  readonly hourOfDay: number;
}

/** Power over the next second, + charging, within rating, room and content. */
export function batteryPowerW(input: BatteryInput): number {
  const wantedW = wantedPowerW(input);
  const { socFraction } = input;
  const { capacityWh, efficiency, ratedW, reserveFraction } = battery;
  if (wantedW >= 0) {
    const roomW = ((1 - socFraction) * capacityWh * 3600) / efficiency;
    return Math.max(0, Math.min(wantedW, ratedW, roomW));
  }
  const contentW = (socFraction - reserveFraction) * capacityWh * 3600 * efficiency;
  return -Math.max(0, Math.min(-wantedW, ratedW, contentW));
}

/** State of charge after a second at that power. */
export function socAfterSecond(socFraction: number, powerW: number): number {
  const { capacityWh, efficiency, reserveFraction } = battery;
  const storedW = powerW >= 0 ? powerW * efficiency : powerW / efficiency;
  const next = socFraction + storedW / 3600 / capacityWh;
  return Math.min(1, Math.max(reserveFraction, next));
}

function wantedPowerW({ socFraction, loadW, generationW, hourOfDay }: BatteryInput): number {
  const surplusW = generationW - loadW;
  if (surplusW > 0) return surplusW;
  if (isWithin(hourOfDay, battery.dearHours)) return surplusW;
  if (!isWithin(hourOfDay, battery.topUpHours)) return 0;
  const { topUpFraction, topUpW, capacityWh, efficiency } = battery;
  const missingW = ((topUpFraction - socFraction) * capacityWh * 3600) / efficiency;
  return Math.max(0, Math.min(topUpW, missingW));
}

function isWithin(hour: number, { from, to }: { from: number; to: number }): boolean {
  return hour >= from && hour < to;
}
