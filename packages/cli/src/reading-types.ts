import type { ReadingType } from "@novacore/protocol";

/** Written out, since the protocol package takes longer to load than most commands take in all. */
const isKnown: Readonly<Record<ReadingType, true>> = {
  pv: true,
  battery: true,
  meter: true,
  inverter: true,
  ev_charger: true,
  v2x_charger: true,
};

/** In the order in which people look at a home: what it makes, keeps, takes, and uses. */
export const readingTypes: readonly ReadingType[] = Object.keys(isKnown).filter(isReadingType);

function isReadingType(name: string): name is ReadingType {
  return Object.hasOwn(isKnown, name);
}
