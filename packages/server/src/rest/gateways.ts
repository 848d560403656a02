import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { readClaim } from "../access/claim.ts";
import type { Gateway } from "../registry/gateways.ts";
import { DeviceAnswer, toDeviceAnswer } from "./device-answer.ts";
import {
  Id,
  idOf,
  nothing,
  nullable,
  PageQuery,
  PublicKey,
  pageOf,
  Signature,
  Time,
} from "./fields.ts";
import { sendPage } from "./paging.ts";
import type { ResourceOptions } from "./routes.ts";

const BatterySign = Type.Enum(["canonical", "negated"], {
  description: "How this gateway signs a battery's W: canonical is + charging",
});
const GatewayAnswer = Type.Object(
  {
    id: Type.String(),
    serial: Type.String(),
    gateway_serial: Type.String(),
    org_id: nullable(Type.String()),
    battery_sign: BatterySign,
    claimed_at: nullable(Time),
    created_at: Time,
  },
  { title: "Gateway", description: "What devices are behind" },
);
const GatewayWithDevices = Type.Interface(
  [GatewayAnswer],
  { devices: Type.Array(DeviceAnswer) },
  { title: "GatewayWithDevices", description: "A gateway, and the devices behind it" },
);
const Claim = Type.Object(
  {
    org_id: Id,
    gateway_serial: Id,
    public_key: PublicKey,
    message: Type.String({
      maxLength: 1_024,
      description: "claimer|nonce|time|serial, as the gateway signed it",
    }),
    signature: Signature,
  },
  {
    title: "GatewayClaim",
    description: "Proof that the claimer has the gateway: its own signature",
  },
);
const Settings = Type.Object(
  { battery_sign: Type.Optional(BatterySign) },
  { title: "GatewaySettings", description: "What of a gateway can be changed" },
);
const Params = Type.Object({ serial: idOf("Serial of the gateway") });

/** Gateways: claimed with their own signature, released, and set to their dialect. */
export const gatewayRoutes: FastifyPluginAsyncTypebox<ResourceOptions> = async (
  app,
  { registry, access, callerOf },
) => {
  const read = async (serial: string) => {
    const gateway = await registry.gateways.get(serial);
    if (gateway === undefined) throw new NovacoreError("not_found");
    return toAnswer(gateway);
  };

  app.post(
    "/gateways/claim",
    {
      schema: {
        operationId: "claimGateway",
        summary: "Claim a gateway for an organization, by the gateway's signature",
        description: "200: it was the organization's before.",
        body: Claim,
        response: { 200: GatewayAnswer, 201: GatewayAnswer },
      },
    },
    async (request, reply) => {
      const {
        org_id: orgId,
        gateway_serial: serial,
        public_key,
        message,
        signature,
      } = request.body;
      const caller = await callerOf(request);
      await access.authorize(caller, "gateway.claim", { orgId });
      const proven = readClaim({
        gatewaySerial: serial,
        publicKey: public_key,
        message,
        signature,
        claimerId: caller.identityId,
        now: Date.now(),
      });
      const { gateway, changed } = await registry.gateways.claim({ serial, orgId, ...proven });
      return reply.code(changed ? 201 : 200).send(toAnswer(gateway));
    },
  );

  app.get(
    "/gateways",
    {
      schema: {
        operationId: "listGateways",
        summary: "List gateways, of one organization or of all the caller's",
        querystring: Type.Interface([PageQuery], {
          org_id: Type.Optional(idOf("Only of this organization")),
        }),
        response: { 200: pageOf(GatewayAnswer) },
      },
    },
    async (request, reply) => {
      const scope = await access.listScope(await callerOf(request), request.query.org_id);
      return sendPage(request, reply, request.query, async (page) =>
        (await registry.gateways.list(scope, page)).map(toAnswer),
      );
    },
  );

  app.get(
    "/gateways/:serial",
    {
      schema: {
        operationId: "getGateway",
        summary: "Show a gateway with its devices",
        params: Params,
        response: { 200: GatewayWithDevices },
      },
    },
    async (request) => {
      const gatewaySerial = request.params.serial;
      const grant = await access.authorize(await callerOf(request), "gateway.view", {
        gatewaySerial,
      });
      const devices = (await registry.devices.listBehind(gatewaySerial)).filter(
        (device) => grant.sites === "all" || grant.sites.includes(device.siteId),
      );
      return { ...(await read(gatewaySerial)), devices: devices.map(toDeviceAnswer) };
    },
  );

  app.put(
    "/gateways/:serial",
    {
      schema: {
        operationId: "updateGateway",
        summary: "Change a gateway's settings",
        params: Params,
        body: Settings,
        response: { 200: GatewayAnswer },
      },
    },
    async (request) => {
      const gatewaySerial = request.params.serial;
      await access.authorize(await callerOf(request), "gateway.update", { gatewaySerial });
      const { battery_sign: batterySign } = request.body;
      if (batterySign !== undefined) {
        await registry.gateways.setBatterySign(gatewaySerial, batterySign);
      }
      return read(gatewaySerial);
    },
  );

  app.delete(
    "/gateways/:serial",
    {
      schema: {
        operationId: "releaseGateway",
        summary: "Release a gateway; its devices stay behind, orphaned",
        params: Params,
        response: { 204: nothing() },
      },
    },
    async (request, reply) => {
      const gatewaySerial = request.params.serial;
      await access.authorize(await callerOf(request), "gateway.release", { gatewaySerial });
      await registry.gateways.release(gatewaySerial);
      return reply.code(204).send(null);
    },
  );
};

function toAnswer(gateway: Gateway) {
  return {
    id: gateway.serial,
    serial: gateway.serial,
    gateway_serial: gateway.serial,
    org_id: gateway.orgId ?? null,
    battery_sign: gateway.batterySign,
    claimed_at: gateway.claimedAt ?? null,
    created_at: gateway.createdAt,
  };
}
