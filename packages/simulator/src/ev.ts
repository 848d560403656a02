import { uniform } from "./random.ts";
import { daySeconds } from "./recorded-days.ts";

/** The car: comes home in the afternoon, charges, leaves in the morning. Single phase, 16 A. */
export const charger = {
  maxW: 3_680,
  maxA: 16,
  /** 6 A, the least a charger may offer (IEC 61851-1). */
  minW: 1_380,
  /** Charging slows down over the last part of a session. */
  taperWh: 1_500,
} as const;

export interface Session {
  readonly pluggedSecond: number;
  /** On the next day. */
  readonly unpluggedSecond: number;
  readonly neededWh: number;
}

/** What the car does on each day of the recording. */
export function planSessions(seed: number, days: number): readonly Session[] {
  return Array.from({ length: days }, (_, day) => ({
    pluggedSecond: Math.round((15 + uniform(seed, 3 * day)) * 3600),
    unpluggedSecond: Math.round((7 + uniform(seed, 3 * day + 1)) * 3600),
    neededWh: Math.round(6_000 + 9_000 * uniform(seed, 3 * day + 2)),
  }));
}

/** The session that is on at that second of the recording, and whether it begins there. */
export function sessionAt(
  sessions: readonly Session[],
  second: number,
): { session: Session; begins: boolean } | undefined {
  const day = Math.floor(second / daySeconds);
  const secondOfDay = second % daySeconds;
  const today = sessions[day];
  if (today !== undefined && secondOfDay >= today.pluggedSecond) {
    return { session: today, begins: secondOfDay === today.pluggedSecond };
  }
  const yesterday = sessions[(day + sessions.length - 1) % sessions.length];
  if (yesterday === undefined || secondOfDay >= yesterday.unpluggedSecond) return undefined;
  return { session: yesterday, begins: false };
}

/** Power over the next second of a session that has had `chargedWh`: constant, then tapering. */
export function chargePowerW({ neededWh }: Session, chargedWh: number): number {
  const leftWh = neededWh - chargedWh;
  if (leftWh <= 0) return 0;
  const taperedW = Math.max(charger.minW, (charger.maxW * leftWh) / charger.taperWh);
  return Math.min(charger.maxW, taperedW, leftWh * 3600);
}
