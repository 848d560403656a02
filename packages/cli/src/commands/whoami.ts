import { answerWithin } from "../answer-within.ts";
import { defineCommand } from "../command.ts";

export const whoami = defineCommand({
  summary: "Show who you are, and at which hub",
  examples: ["novacore whoami", "novacore whoami --profile work --json"],
  async run(_given, { connect, output, profileName, signal }) {
    const { nova, url, profile, orgId } = await connect();
    const identity = await answerWithin(signal, (within) => nova.identity.get({ signal: within }));
    const source = profile === undefined ? "NOVACORE_TOKEN" : `profile ${profileName}`;
    await output.record({ ...identity, url, chosen_org_id: orgId ?? null }, [
      ["Identity", identity.id],
      ["Name", identity.name],
      ["Type", identity.type],
      ["Hub", url],
      ["Login", source],
      ["Organization", orgId],
      ["Keys", identity.public_keys.join(", ")],
      ["Since", identity.created_at],
    ]);
  },
});
