/** The gateways of the ingest bench: as many DERs as a small region, nothing random. */
export const gateways = 200;
export const dersPerGateway = 5;

export const serialOf = (gateway: number): string => `gw-${gateway}`;

/** Registration of a gateway, in the shape that ingest asks the registry for. */
export function treeOf(serial: string) {
  const gateway = serial.slice("gw-".length);
  return {
    serial,
    orgId: `org-${Number(gateway) % 20}`,
    batterySign: "canonical" as const,
    devices: Array.from({ length: dersPerGateway }, (_, der) => ({
      deviceId: `dev-${gateway}-${der}`,
      hardwareId: `inverter-${der}`,
      siteId: `sit-${gateway}`,
      state: "active" as const,
      ders: [
        { derId: `der-${gateway}-${der}`, name: `battery-${der}`, readingType: "battery" as const },
      ],
    })),
  };
}

/** Subject and payload of a reading: 280 bytes, as gateways send them. */
export function readingOf(index: number, timestampMs: number): { subject: string; json: string } {
  const gateway = index % gateways;
  const der = Math.floor(index / gateways) % dersPerGateway;
  const reading = {
    type: "battery",
    make: "Acme",
    timestamp: timestampMs,
    read_time_ms: 41,
    W: 1500.5 + der,
    V: 51.2,
    A: 29.3,
    SoC_nom_fract: 0.553,
    SoH_fract: 0.98,
    temperature_C: 24.5,
    heatsink_C: 31.25,
    total_charge_Wh: 1_234_567,
    total_discharge_Wh: 1_134_567,
    upper_limit_W: 5000,
    lower_limit_W: -5000,
    rated_power_W: 5000,
  };
  return {
    subject: `gateways.${serialOf(gateway)}.devices.inverter-${der}.ders.battery-${der}.telemetry.json.v1`,
    json: JSON.stringify(reading),
  };
}
