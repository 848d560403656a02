import { Type } from "typebox";
import {
  apparentPowerVA,
  currentA,
  directCurrent,
  energyWh,
  flag,
  fraction,
  frequencyHz,
  limitW,
  phases,
  powerInW,
  powerOutW,
  powerW,
  reactivePowerVar,
  temperatureC,
  text,
  trackerMembers,
  voltageV,
} from "./members.ts";
import type {
  BatteryReading,
  EvChargerReading,
  InverterReading,
  MeterReading,
  Origin,
  PvReading,
  V2xChargerReading,
} from "./reading-shapes.ts";

/**
 * The six types of reading (wire contract §9), in their one canonical form. Units, signs and ranges
 * are on the members (see members.ts), and from here in the doc comments of reading-shapes.ts. Members
 * that the schema does not name are kept and passed on.
 */
const head = {
  timestamp: Type.Integer({
    minimum: 0,
    maximum: 8.64e15,
    description: "Start of the read, gateway clock, epoch milliseconds",
    "x-unit": "ms",
  }),
  read_time_ms: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 3_600_000,
      description: "How long the read took",
      "x-unit": "ms",
    }),
  ),
  make: text("Manufacturer, as the gateway reports it"),
};

const pvReading = Type.Object(
  {
    type: kind("pv"),
    ...head,
    W: powerOutW("Active power; ≤ 0, as PV only produces"),
    V: voltageV("Voltage"),
    A: currentA("Current"),
    rated_power_W: powerInW("Rated power"),
    heatsink_C: temperatureC("Heat sink temperature"),
    total_generation_Wh: energyWh("Energy produced over the lifetime"),
    lower_limit_W: powerOutW("Lowest power allowed now, ≤ 0"),
    upper_limit_W: powerW("Highest power allowed now"),
  },
  {
    title: "PvReading",
    description: "Solar panels, which only produce: power is never positive",
    patternProperties: trackerMembers,
  },
);

const batteryReading = Type.Object(
  {
    type: kind("battery"),
    ...head,
    W: powerW("Active power; + charging, − discharging"),
    V: voltageV("Voltage"),
    A: currentA("Current; + charging"),
    SoC_nom_fract: fraction("State of charge of the nominal capacity"),
    SoH_fract: fraction("State of health"),
    temperature_C: temperatureC("Cell temperature"),
    heatsink_C: temperatureC("Heat sink temperature"),
    total_charge_Wh: energyWh("Energy charged over the lifetime"),
    total_discharge_Wh: energyWh("Energy discharged over the lifetime"),
    upper_limit_W: powerInW("Highest charging power allowed now, ≥ 0"),
    lower_limit_W: powerOutW("Highest discharging power allowed now, ≤ 0"),
    rated_power_W: powerInW("Rated power"),
    capacity_Wh: energyWh("Nominal capacity"),
    available_charge_Wh: energyWh("Energy that can still be charged"),
    available_discharge_Wh: energyWh("Energy that can still be discharged"),
  },
  {
    title: "BatteryReading",
    description: "A battery: charging is positive power",
  },
);

const meterReading = Type.Object(
  {
    type: kind("meter"),
    ...head,
    W: powerW("Active power; + import, − export"),
    Hz: frequencyHz("Grid frequency"),
    ...phases,
    total_import_Wh: energyWh("Energy imported over the lifetime"),
    total_export_Wh: energyWh("Energy exported over the lifetime"),
  },
  {
    title: "MeterReading",
    description: "A meter where the site meets the grid: import is positive power",
  },
);

const v2xChargerReading = Type.Object(
  {
    type: kind("v2x_charger"),
    ...head,
    W: powerW("Active power; + charging the car, − discharging it"),
    V: voltageV("Voltage"),
    A: currentA("Current; + charging"),
    Hz: frequencyHz("Grid frequency"),
    ...phases,
    ...directCurrent,
    vehicle_soc_fract: fraction("State of charge of the car"),
    ev_target_energy_req_Wh: powerRequestWh("Energy the car wants to its target"),
    ev_max_energy_req_Wh: powerRequestWh("Energy the car can take at most"),
    ev_min_energy_req_Wh: powerRequestWh("Energy the car needs at least"),
    session_charge_Wh: energyWh("Energy charged in this session"),
    session_discharge_Wh: energyWh("Energy discharged in this session"),
    total_charge_Wh: energyWh("Energy charged over the lifetime"),
    total_discharge_Wh: energyWh("Energy discharged over the lifetime"),
    status: text("Status in the charger's own words"),
    protocol: text("Protocol spoken with the car"),
    control_mode: text("Control mode"),
    plug_connected: flag("Whether a car is plugged in"),
    upper_limit_W: limitW("Charging limits [min, 0, max]"),
    lower_limit_W: limitW("Discharging limits [−max, 0, −min]"),
    capacity_Wh: energyWh("Capacity of the car's battery"),
    rated_power_W: powerInW("Rated power"),
  },
  {
    title: "V2xChargerReading",
    description: "A charger that can also take energy out of the car: charging is positive power",
  },
);

const evChargerReading = Type.Object(
  {
    type: kind("ev_charger"),
    ...head,
    W: powerInW("Active power; + charging the car, never negative"),
    A: currentA("Current; + charging"),
    V: voltageV("Voltage"),
    ...phases,
    session_charge_Wh: energyWh("Energy charged in this session"),
    total_charge_Wh: energyWh("Energy charged over the lifetime"),
    status: text("Status in the charger's own words"),
    plug_connected: flag("Whether a car is plugged in"),
    max_A: currentA("Highest current allowed now"),
  },
  {
    title: "EvChargerReading",
    description: "A charger that only charges: power is never negative",
  },
);

const inverterReading = Type.Object(
  {
    type: kind("inverter"),
    ...head,
    W: powerW("Active power at the AC side; + in, − out"),
    VA: apparentPowerVA("Apparent power"),
    VAR: reactivePowerVar("Reactive power"),
    Hz: frequencyHz("Grid frequency"),
    ...phases,
    ...directCurrent,
    heatsink_C: temperatureC("Heat sink temperature"),
    rated_power_W: powerInW("Rated power"),
  },
  {
    title: "InverterReading",
    description: "The AC side of an inverter",
  },
);

/** A gateway's reading in canonical form, told apart by `type`. */
export const Reading = Type.Union(
  [pvReading, batteryReading, meterReading, v2xChargerReading, evChargerReading, inverterReading],
  { title: "Reading" },
);
export type Reading =
  | PvReading
  | BatteryReading
  | MeterReading
  | V2xChargerReading
  | EvChargerReading
  | InverterReading;

/** Canonical telemetry types, as consumers see them. */
export type ReadingType = Reading["type"];

/** The schema of each type of reading. */
export const readingSchemas = {
  pv: pvReading,
  battery: batteryReading,
  meter: meterReading,
  v2x_charger: v2xChargerReading,
  ev_charger: evChargerReading,
  inverter: inverterReading,
} as const satisfies Record<ReadingType, unknown>;

/** All types of readings. */
export const readingTypes = Object.keys(readingSchemas) as readonly ReadingType[];

/** What the hub adds; never taken from a payload (wire contract §7). */
export const originSchema = Type.Object(
  {
    org_id: Type.String({ description: "Organization whose reading it is" }),
    site_id: Type.String({ description: "Site where it was measured" }),
    device_id: Type.String({ description: "Device that the DER is a part of" }),
    der_id: Type.String({ description: "DER that it is about; with `timestamp` it is unique" }),
    der_name: Type.String({ description: "Name of the DER on its gateway" }),
    received_at: Type.Integer({
      description: "When the hub got it, hub clock, epoch milliseconds",
      "x-unit": "ms",
    }),
    backfilled: Type.Optional(
      Type.Boolean({
        description:
          "true: it came more than five minutes after it was measured; absent: it did not",
      }),
    ),
  },
  { title: "Origin", description: "Whose reading it is, as the hub adds it to each" },
);

/** What every consumer gets: `(der_id, timestamp)` identifies it. */
export const EnrichedReading = Type.Intersect([Reading, originSchema], {
  title: "EnrichedReading",
});
export type EnrichedReading = Reading & Origin;

/** Of every type of reading the only member with one value, which tells it apart. */
function kind<T extends string>(type: T) {
  return Type.Literal(type, { description: "Type of the reading, which tells what else it has" });
}

function powerRequestWh(description: string) {
  return Type.Optional(Type.Number({ minimum: -1e9, maximum: 1e9, description, "x-unit": "Wh" }));
}
