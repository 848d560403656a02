import { generateKeyPairSync } from "node:crypto";
import { NovacoreError } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import { readPublicKeys } from "../access/keys.ts";
import { closed, PublicKey } from "./fields.ts";

/** What `takeKey` checks. */
export const oneKey = {
  "x-rule": { oneOf: [{ required: ["public_key"] }, { required: ["generate"] }] },
};

/** The key of an integration: one that it brings, or one that the hub makes. */
export const KeyChoice = Type.Object(
  {
    public_key: Type.Optional(PublicKey),
    generate: Type.Optional(Type.Literal(true, { description: "The hub makes an ES256 key pair" })),
  },
  {
    ...closed,
    ...oneKey,
    title: "KeyChoice",
    description: "A key that the integration brings, or that the hub makes",
  },
);

/** Told once, in the answer to the request that had it made. */
export const NewKey = Type.Object({
  private_key: Type.Optional(
    Type.Object({ pem: Type.String(), jwk: Type.Record(Type.String(), Type.String()) }),
  ),
});

interface KeyPair {
  readonly publicKeys: readonly string[];
  /** What the answer says of a pair that the hub has made. */
  readonly privateKey: Static<typeof NewKey>;
}

/** Throws `key_invalid`, or `validation_failed` unless one of the two is given. */
export function takeKey({ public_key: publicKey, generate }: Static<typeof KeyChoice>): KeyPair {
  if ((publicKey === undefined) === (generate === undefined)) {
    const message = "Give either public_key or generate: true.";
    const details = [{ path: "/public_key", message }];
    throw new NovacoreError("validation_failed", message, { details });
  }
  if (publicKey !== undefined) {
    return { publicKeys: readPublicKeys(publicKey).map(({ hex }) => hex), privateKey: {} };
  }
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [{ hex }] = readPublicKeys(pair.publicKey.export({ format: "jwk" }));
  const { kty = "", crv = "", x = "", y = "", d = "" } = pair.privateKey.export({ format: "jwk" });
  const pem = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { publicKeys: [hex], privateKey: { private_key: { pem, jwk: { kty, crv, x, y, d } } } };
}
