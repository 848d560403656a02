import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import type { Access } from "../access/access.ts";
import type { GatewayState } from "../store/gateway-state.ts";
import type { CallerOf } from "./authenticate.ts";
import { idOf, nullable } from "./fields.ts";

export interface GatewayStateOptions {
  readonly access: Pick<Access, "authorize">;
  readonly callerOf: CallerOf;
  readonly readState: (serial: string) => Promise<GatewayState>;
}

const Word = Type.Object({
  received_at: Type.Integer({ description: "When the hub got it, hub clock, epoch ms" }),
  value: Type.Unknown({ description: "As the gateway sent it, unchecked" }),
});
const StateAnswer = Type.Object(
  { state: nullable(Word), inventory: nullable(Word) },
  { title: "GatewayState", description: "What a gateway said last of itself and of its drivers" },
);

/** `GET /gateways/{serial}/state`: what the gateway last said about itself and its drivers. */
export const gatewayStateRoutes: FastifyPluginAsyncTypebox<GatewayStateOptions> = async (
  app,
  { access, callerOf, readState },
) => {
  app.get(
    "/gateways/:serial/state",
    {
      schema: {
        operationId: "getGatewayState",
        summary: "Read a gateway's last state and inventory",
        params: Type.Object({ serial: idOf("Serial of the gateway") }),
        response: { 200: StateAnswer },
      },
    },
    async (request) => {
      const { serial } = request.params;
      await access.authorize(await callerOf(request), "gateway.view", { gatewaySerial: serial });
      const { state, inventory } = await readState(serial);
      return { state: toWord(state), inventory: toWord(inventory) };
    },
  );
};

function toWord(word: GatewayState["state"]) {
  return word === undefined ? null : { received_at: word.receivedAtMs, value: word.value };
}
