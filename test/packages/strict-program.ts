import {
  type EnrichedReading,
  flow,
  Novacore,
  NovacoreError,
  type OrganizationResource,
  type Reading,
  type ReadingOf,
  type ReadingType,
  type Site,
} from "@novacore/client";

/** A user's program: it is compiled against the packages as they are published. */
export async function follow(id: string, signal: AbortSignal): Promise<Site | undefined> {
  const nova = new Novacore({ baseUrl: "http://localhost:8080", token: () => "t" });
  try {
    await using stream = nova.site(id).readings({ types: ["pv", "battery"], signal });
    for await (const reading of stream) {
      const power: number | undefined = reading.W;
      if (reading.type === "battery") console.log(reading.SoC_nom_fract, power, flow(reading));
    }
    return await nova.site(id).update({ name: "Home", timezone: null }, { signal });
  } catch (error) {
    if (error instanceof NovacoreError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** A function that takes any reading needs no package but the client. */
export function chargeOf(reading: Reading): number | undefined {
  return reading.type === "battery" ? reading.SoC_nom_fract : undefined;
}

export const chargeOfReceived = (reading: EnrichedReading): number | undefined => chargeOf(reading);
export const isStored = (type: ReadingType): boolean => type === "battery";

// What a caller gets wrong is told: declarations that came out as `any` would let it pass.
type IsFalse<T extends false> = T;
export type PvHasNoCharge = IsFalse<"SoC_nom_fract" extends keyof ReadingOf<"pv"> ? true : false>;
type NewMember = Parameters<OrganizationResource["addMember"]>[0];
export type MemberNeedsRole = IsFalse<{ identity_id: string } extends NewMember ? true : false>;
export type SiteIsNoNumber = IsFalse<Site extends number ? true : false>;
