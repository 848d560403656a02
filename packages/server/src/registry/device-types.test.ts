import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  assertDerAllowed,
  canonicalDeviceType,
  type DerType,
  type DeviceType,
  derTypes,
  deviceTypes,
  readingTypeFor,
} from "./device-types.ts";

/** Wire contract §5, written again: DERs of each device and the type of their readings. */
const allowed: Record<DeviceType, string> = {
  inverter: "solar=pv pv=pv battery=battery meter=meter inverter=inverter",
  battery: "battery=battery meter=meter",
  ev_charger: "ev_charger_port=ev_charger ev_port=ev_charger ev=ev_charger ev_charger=ev_charger",
  v2x_charger:
    "ev_charger_port=v2x_charger ev_port=v2x_charger ev=v2x_charger v2x_charger=v2x_charger",
  energy_meter: "meter=meter",
};

describe("device types", () => {
  for (const device of deviceTypes) {
    const row = new Map(
      allowed[device].split(" ").map((cell): [string, string] => {
        const [der = "", reading = ""] = cell.split("=");
        return [der, reading];
      }),
    );
    for (const der of derTypes) {
      const reading = row.get(der);
      it(`${der} on ${device} ${reading ? `reads as ${reading}` : "is not allowed"}`, () => {
        assert.equal(readingTypeFor(device, der), reading);
        const check = () => assertDerAllowed(device, der, "/ders/0/type");
        if (reading !== undefined) check();
        else assert.throws(check, { code: "der_type_not_allowed" });
      });
    }
  }

  it("aliases stand for canonical types, a charger's DERs say which kind it is", () => {
    const ders = (...types: DerType[]) => types.map((type) => ({ type }));
    assert.equal(canonicalDeviceType("meter", []), "energy_meter");
    assert.equal(canonicalDeviceType("charger", []), "ev_charger");
    assert.equal(canonicalDeviceType("charger", ders("ev_charger_port")), "ev_charger");
    assert.equal(canonicalDeviceType("charger", ders("v2x_charger")), "v2x_charger");
    for (const type of deviceTypes) assert.equal(canonicalDeviceType(type, []), type);
  });
});
