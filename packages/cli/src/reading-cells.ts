import { flow } from "@novacore/client";
import type { EnrichedReading } from "@novacore/protocol";

/** What people are shown of a reading. */

/** With its sign, and the word that says what the sign means. */
export function powerText({ W }: EnrichedReading): string | undefined {
  return W === undefined ? undefined : `${Math.round(W)} W`;
}

export function flowText(reading: EnrichedReading): string | undefined {
  return flow(reading);
}

/** Of a battery, or of the car at a charger that can tell. */
export function chargeText(reading: EnrichedReading): string | undefined {
  const fraction =
    reading.type === "battery"
      ? reading.SoC_nom_fract
      : reading.type === "v2x_charger"
        ? reading.vehicle_soc_fract
        : undefined;
  return fraction === undefined ? undefined : `${Math.round(fraction * 100)} %`;
}

/** `12 s`, `5 min`, `3 h`, `2 d`: rounded down, as ages are said. */
export function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
