import { defineCommand, defineGroup } from "../command.ts";
import { flag, required } from "../field.ts";
import { readKeyFile } from "../key-file.ts";
import type { Column } from "../table.ts";

const columns: readonly Column<{ readonly public_key: string }>[] = [
  { title: "PUBLIC KEY", of: ({ public_key }) => public_key },
];

export const key = defineGroup("Keys that you can log in with", {
  list: defineCommand({
    summary: "List your public keys",
    examples: ["novacore key list"],
    async run(_given, { connect, output, signal }) {
      const { nova } = await connect();
      const { public_keys: keys } = await nova.identity.get({ signal });
      await output.list(
        keys.map((public_key) => ({ public_key })),
        columns,
      );
    },
  }),

  add: defineCommand({
    summary: "Add a key to log in with beside those that you have",
    notes:
      "The private key signs the hub's challenge, which proves that it is yours; it is not sent. One is " +
      "made by: openssl genpkey -algorithm ed25519 -out laptop.pem",
    operands: { file: required("FILE", "Private key, PEM or JWK; - reads it from stdin") },
    examples: ["novacore key add laptop.pem"],
    async run({ file }, { connect, output, signal, terminal }) {
      const { nova } = await connect();
      const missing = `Make one by: openssl genpkey -algorithm ed25519 -out ${file}`;
      const { pem } = await readKeyFile(file, terminal.stdin, missing);
      const added = await nova.identity.addKey(pem, { signal });
      await output.done(`Added ${added.public_key}.`, added);
    },
  }),

  remove: defineCommand({
    summary: "Take a key away; its tokens end",
    operands: { key: required("PUBLIC_KEY", "As key list shows it") },
    options: { yes: flag("Do not ask") },
    examples: ["novacore key remove 1f2e3d… --yes"],
    async run({ key: publicKey, yes }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      await confirm(`Take ${publicKey} away?`, yes);
      await nova.identity.removeKey(publicKey, { signal });
      await output.done(`Removed ${publicKey}.`, { public_key: publicKey, removed: true });
    },
  }),
});
