import type { Reading } from "@novacore/protocol";
import { battery } from "./battery.ts";
import { charger } from "./ev.ts";
import type { HomeState } from "./home.ts";
import { smoothNoise } from "./random.ts";

/** One device of the virtual home, as it is provisioned, and the one DER that it has. */
export interface HomeDevice {
  readonly hardwareId: string;
  readonly deviceType: "inverter" | "battery" | "energy_meter" | "ev_charger";
  readonly name: string;
  readonly der: { readonly name: string; readonly type: string };
  /** What the device measures during one second of the home. */
  readonly read: (state: HomeState, timeMs: number) => Reading;
}

export const homeDevices: readonly HomeDevice[] = [
  {
    hardwareId: "sim:inverter-1",
    deviceType: "inverter",
    name: "Roof",
    der: { name: "solar", type: "solar" },
    read: readPv,
  },
  {
    hardwareId: "sim:battery-1",
    deviceType: "battery",
    name: "Battery",
    der: { name: "battery", type: "battery" },
    read: readBattery,
  },
  {
    hardwareId: "sim:meter-1",
    deviceType: "energy_meter",
    name: "Grid meter",
    der: { name: "grid", type: "meter" },
    read: readMeter,
  },
  {
    hardwareId: "sim:charger-1",
    deviceType: "ev_charger",
    name: "Carport",
    der: { name: "port-1", type: "ev_charger_port" },
    read: readEvCharger,
  },
];

const make = "Novacore Simulator";
const ratedPvW = 1_040;

/** Rounding is to 0.1 W, so that the four powers of a second still balance to the rounding. */
const round1 = (value: number) => Math.round(value * 10) / 10;
const round2 = (value: number) => Math.round(value * 100) / 100;
const round3 = (value: number) => Math.round(value * 1000) / 1000;

function readPv(state: HomeState, timeMs: number): Reading {
  const W = round1(state.pvW);
  const V = phaseVoltageV(1, timeMs);
  const trackerV = W < 0 ? round1(180 + 40 * Math.min(1, -W / 200) + 3 * drift(11, timeMs)) : 0;
  return {
    type: "pv",
    make,
    timestamp: timeMs,
    read_time_ms: readTimeMs(1, timeMs),
    W,
    V,
    A: round2(W / V),
    rated_power_W: ratedPvW,
    ...{ mppt1_V: trackerV, mppt1_A: trackerV > 0 ? round2(W / trackerV) : 0 },
    heatsink_C: round1(ambientC(state) - W / 60),
    total_generation_Wh: round2(state.generationWh),
    lower_limit_W: -ratedPvW,
    upper_limit_W: 0,
  };
}

function readBattery(state: HomeState, timeMs: number): Reading {
  const W = round1(state.batteryW);
  const V = round2(48 + 6 * state.socFraction + W / 3000);
  const { capacityWh, ratedW, reserveFraction } = battery;
  return {
    type: "battery",
    make,
    timestamp: timeMs,
    read_time_ms: readTimeMs(2, timeMs),
    W,
    V,
    A: round2(W / V),
    SoC_nom_fract: round3(state.socFraction),
    SoH_fract: 0.97,
    temperature_C: round1(ambientC(state) + 4),
    heatsink_C: round1(ambientC(state) + 4 + Math.abs(W) / 200),
    total_charge_Wh: round2(state.chargeWh),
    total_discharge_Wh: round2(state.dischargeWh),
    upper_limit_W: state.socFraction < 1 ? ratedW : 0,
    lower_limit_W: state.socFraction > reserveFraction ? -ratedW : 0,
    rated_power_W: ratedW,
    capacity_Wh: capacityWh,
    available_charge_Wh: round1((1 - state.socFraction) * capacityWh),
    available_discharge_Wh: round1(Math.max(0, state.socFraction - reserveFraction) * capacityWh),
  };
}

function readMeter(state: HomeState, timeMs: number): Reading {
  const W = round1(state.meterW);
  // The inverters are on phase 1, the charger on phase 2, the house on all three.
  const L1_W = round1(0.5 * state.loadW + state.pvW + state.batteryW);
  const L2_W = round1(0.3 * state.loadW + state.evW);
  const L3_W = round1(W - L1_W - L2_W);
  const L1_V = phaseVoltageV(1, timeMs);
  const L2_V = phaseVoltageV(2, timeMs);
  const L3_V = phaseVoltageV(3, timeMs);
  return {
    type: "meter",
    make,
    timestamp: timeMs,
    read_time_ms: readTimeMs(3, timeMs),
    W,
    Hz: round3(50 + 0.03 * drift(7, timeMs)),
    ...{ L1_V, L2_V, L3_V },
    ...{ L1_A: round2(L1_W / L1_V), L2_A: round2(L2_W / L2_V), L3_A: round2(L3_W / L3_V) },
    ...{ L1_W, L2_W, L3_W },
    total_import_Wh: round2(state.importWh),
    total_export_Wh: round2(state.exportWh),
  };
}

function readEvCharger(state: HomeState, timeMs: number): Reading {
  const W = round1(state.evW);
  const V = phaseVoltageV(2, timeMs);
  const isPlugged = state.sessionWh !== undefined;
  return {
    type: "ev_charger",
    make,
    timestamp: timeMs,
    read_time_ms: readTimeMs(4, timeMs),
    W,
    V,
    A: round2(W / V),
    // Absent while there is no session: absent means "not reported", and 0 would be a measurement.
    ...(state.sessionWh === undefined ? {} : { session_charge_Wh: round2(state.sessionWh) }),
    total_charge_Wh: round2(state.evChargeWh),
    status: isPlugged ? (W > 0 ? "charging" : "complete") : "available",
    plug_connected: isPlugged,
    max_A: charger.maxA,
  };
}

function phaseVoltageV(phase: number, timeMs: number): number {
  return round1(232 + 2.5 * drift(20 + phase, timeMs));
}

/** Noise in −1 to 1 over about half a minute; every quantity has a seed of its own. */
function drift(seed: number, timeMs: number): number {
  return smoothNoise(seed, Math.floor(timeMs / 1000), 30);
}

/** How long the device took to answer: a few tens of milliseconds, as over Modbus. */
function readTimeMs(device: number, timeMs: number): number {
  return Math.round(28 + 14 * smoothNoise(40 + device, Math.floor(timeMs / 1000), 1));
}

/** A spring day: coolest before dawn, warmest in the early afternoon. */
function ambientC({ hourOfDay }: HomeState): number {
  return 18 - 6 * Math.cos((2 * Math.PI * (hourOfDay - 2.5)) / 24);
}
