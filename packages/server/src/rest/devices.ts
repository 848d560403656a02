import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { limits } from "../limits.ts";
import { canonicalDeviceType, deviceTypeAliases, deviceTypes } from "../registry/device-types.ts";
import type { Device } from "../registry/devices.ts";
import {
  DerAnswer,
  DerType,
  DeviceAnswer,
  DeviceState,
  DeviceType,
  toDerAnswer,
  toDeviceAnswer,
} from "./device-answer.ts";
import { Id, idOf, Name, nothing, Time } from "./fields.ts";
import type { ResourceOptions } from "./routes.ts";

const NewDer = Type.Object(
  { name: idOf("By which its gateway names it"), type: DerType },
  { title: "NewDer", description: "A DER to be made" },
);
const Provision = Type.Object(
  {
    gateway_serial: Type.Optional(idOf("Serial of the gateway that it is behind")),
    identity: Type.Optional(idOf("Another name of gateway_serial")),
    hardware_id: Name,
    device_type: Type.Enum([...deviceTypes, ...deviceTypeAliases]),
    site_id: Id,
    name: Type.Optional(Name),
    manufacturer: Type.Optional(Name),
    model: Type.Optional(Name),
    ders: Type.Optional(Type.Array(NewDer, { maxItems: limits.dersPerDeviceMax })),
  },
  {
    // See gatewayOf.
    "x-rule": { anyOf: [{ required: ["gateway_serial"] }, { required: ["identity"] }] },
    title: "NewDevice",
    description: "A device to be made known, or to get more DERs",
  },
);
const Provisioned = Type.Object(
  {
    device_id: Type.String(),
    hardware_id: Type.String(),
    device_type: DeviceType,
    site_id: Type.String(),
    state: DeviceState,
    created: Type.Boolean(),
    ders: Type.Array(DerAnswer),
  },
  { title: "ProvisionedDevice", description: "A device that is known now, and whether it is new" },
);
const Settings = Type.Object(
  {
    name: Type.Optional(Name),
    site_id: Type.Optional(Id),
    manufacturer: Type.Optional(Name),
    model: Type.Optional(Name),
  },
  { title: "DeviceSettings", description: "What of a device can be changed" },
);
const DerWithDevice = Type.Interface(
  [DerAnswer],
  { device_id: Type.String(), created_at: Time },
  { title: "DerWithDevice", description: "A DER, and the device that it is part of" },
);
const Params = Type.Object({ id: idOf("Id of the device") });
const DerParams = Type.Object({ id: idOf("Id of the DER") });

/** Devices and DERs: provisioned once, under the name by which the gateway knows them. */
export const deviceRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  app.post(
    "/devices/provision",
    {
      schema: {
        operationId: "provisionDevice",
        summary: "Make a device known, or add to one that is",
        description: "200: it was known before, and may have got more DERs.",
        body: Provision,
        response: { 200: Provisioned, 201: Provisioned },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const caller = await callerOf(request);
      const gatewaySerial = gatewayOf(body.gateway_serial, body.identity);
      const { orgId } = await access.authorize(caller, "device.provision", { gatewaySerial });
      const ders = body.ders ?? [];
      const { device, created } = await registry.devices.provision({
        orgId,
        siteId: body.site_id,
        gatewaySerial,
        hardwareId: body.hardware_id,
        type: canonicalDeviceType(body.device_type, ders),
        name: body.name,
        manufacturer: body.manufacturer,
        model: body.model,
        ders,
      });
      return reply.code(created ? 201 : 200).send(toProvisioned(device, created));
    },
  );

  app.get(
    "/devices/:id",
    {
      schema: {
        operationId: "getDevice",
        summary: "Show a device",
        params: Params,
        response: { 200: DeviceAnswer },
      },
    },
    async (request) => {
      const deviceId = request.params.id;
      await access.authorize(await callerOf(request), "device.view", { deviceId });
      const device = await registry.devices.get(deviceId);
      if (device === undefined) throw new NovacoreError("not_found");
      return toDeviceAnswer(device);
    },
  );

  app.put(
    "/devices/:id",
    {
      schema: {
        operationId: "updateDevice",
        summary: "Change a device, or move it to another site of its organization",
        params: Params,
        body: Settings,
        response: { 200: DeviceAnswer },
      },
    },
    async (request) => {
      const deviceId = request.params.id;
      const { name, site_id: siteId, manufacturer, model } = request.body;
      await access.authorize(await callerOf(request), "device.update", { deviceId });
      const settings = { name, siteId, manufacturer, model };
      return toDeviceAnswer(await registry.devices.update(deviceId, settings));
    },
  );

  app.delete(
    "/devices/:id",
    {
      schema: {
        operationId: "deleteDevice",
        summary: "Delete a device with its DERs",
        params: Params,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const deviceId = request.params.id;
      await access.authorize(await callerOf(request), "device.delete", { deviceId });
      await registry.devices.remove(deviceId);
      return reply.code(204).send(null);
    },
  );

  app.post(
    "/devices/:id/ders",
    {
      schema: {
        operationId: "addDer",
        summary: "Add a DER to a device",
        description: "200: the device had it before.",
        params: Params,
        body: NewDer,
        response: { 200: DerWithDevice, 201: DerWithDevice },
      },
    },
    async (request, reply) => {
      const deviceId = request.params.id;
      await access.authorize(await callerOf(request), "device.provision", { deviceId });
      const { der, created } = await registry.devices.addDer(deviceId, request.body);
      return reply.code(created ? 201 : 200).send({
        ...toDerAnswer(der),
        device_id: der.deviceId,
        created_at: der.createdAt,
      });
    },
  );

  app.get(
    "/ders/:id",
    {
      schema: {
        operationId: "getDer",
        summary: "Show a DER",
        params: DerParams,
        response: { 200: DerWithDevice },
      },
    },
    async (request) => {
      const derId = request.params.id;
      await access.authorize(await callerOf(request), "device.view", { derId });
      const der = await registry.devices.getDer(derId);
      if (der === undefined) throw new NovacoreError("not_found");
      return { ...toDerAnswer(der), device_id: der.deviceId, created_at: der.createdAt };
    },
  );
};

/** Clients name the gateway in one of two members, some in both. */
function gatewayOf(gatewaySerial: string | undefined, identity: string | undefined): string {
  const serial = gatewaySerial ?? identity;
  if (serial !== undefined && (identity === undefined || identity === serial)) return serial;
  const message =
    serial === undefined ? "is missing" : "and identity name two gateways; give one of them";
  throw new NovacoreError("validation_failed", `/gateway_serial ${message}.`, {
    details: [{ path: "/gateway_serial", message }],
  });
}

function toProvisioned(device: Device, created: boolean) {
  return {
    device_id: device.id,
    hardware_id: device.hardwareId,
    device_type: device.type,
    site_id: device.siteId,
    state: device.state,
    created,
    ders: device.ders.map(toDerAnswer),
  };
}
