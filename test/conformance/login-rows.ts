import { createHmac, type KeyObject, randomUUID, sign } from "node:crypto";

/** What a login attempt is made of; keys are P-256. */
export interface LoginParts {
  readonly serial: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  readonly otherSerial: string;
  readonly otherKey: KeyObject;
}

export interface LoginRow {
  readonly name: string;
  readonly username?: (parts: LoginParts) => string;
  readonly password: (parts: LoginParts) => string;
}

const seconds = () => Math.floor(Date.now() / 1000);

/** The login JWTs that gateways in the field sign (wire contract §2). */
export const acceptedLogins: readonly LoginRow[] = [
  {
    name: "iat, exp and jti, ten minutes, a fresh one at each connect",
    password: ({ serial, key }) =>
      es256({ device: serial }, { iat: seconds(), exp: seconds() + 600, jti: randomUUID() }, key),
  },
  {
    name: "iat, exp and jti, 24 hours",
    password: ({ serial, key }) =>
      es256(
        { device: serial },
        { iat: seconds(), exp: seconds() + 86_400, jti: randomUUID() },
        key,
      ),
  },
  {
    name: "nonce for jti and opr auth in the header, five minutes",
    password: ({ serial, key }) =>
      es256(
        { device: serial, opr: "auth" },
        { iat: seconds(), exp: seconds() + 300, nonce: randomUUID() },
        key,
      ),
  },
  {
    name: "no iat, opr production, ten seconds",
    password: ({ serial, key }) =>
      es256({ device: serial, opr: "production" }, { exp: seconds() + 10, jti: randomUUID() }, key),
  },
  {
    name: "a clock 30 seconds behind, so that the token looks expired",
    password: ({ serial, key }) =>
      es256({ device: serial, opr: "production" }, { exp: seconds() - 30, jti: "1" }, key),
  },
];

/** Logins that nobody may get in with. */
export const forgedLogins: readonly LoginRow[] = [
  {
    name: "signed by another key",
    password: ({ serial, otherKey }) =>
      es256({ device: serial }, { exp: seconds() + 600 }, otherKey),
  },
  {
    name: "alg none with an empty signature",
    password: ({ serial }) =>
      `${encode({ alg: "none", typ: "JWT", device: serial })}.${encode({ exp: seconds() + 600 })}.`,
  },
  {
    name: "alg None with a true signature",
    password: ({ serial, key }) =>
      es256({ alg: "None", device: serial }, { exp: seconds() + 600 }, key),
  },
  ...(["pem", "der", "hex"] as const).map(
    (form): LoginRow => ({
      name: `HS256 with the public key as the secret, ${form}`,
      password: ({ serial, publicKey }) => hs256(serial, secretOf(publicKey, form)),
    }),
  ),
  {
    name: "expired beyond the leeway",
    password: ({ serial, key }) => es256({ device: serial }, { exp: seconds() - 90 }, key),
  },
  {
    name: "no exp at all",
    password: ({ serial, key }) => es256({ device: serial }, { iat: seconds() }, key),
  },
  {
    name: "exp that is not a number",
    password: ({ serial, key }) => es256({ device: serial }, { exp: "9999999999" }, key),
  },
  {
    name: "no device in the header",
    password: ({ key }) => es256({}, { exp: seconds() + 600 }, key),
  },
  {
    name: "another gateway's own valid login under this serial",
    password: ({ otherSerial, otherKey }) =>
      es256({ device: otherSerial }, { exp: seconds() + 600 }, otherKey),
  },
  {
    name: "a valid login under another gateway's serial",
    username: ({ otherSerial }) => otherSerial,
    password: ({ serial, key }) => es256({ device: serial }, { exp: seconds() + 600 }, key),
  },
  {
    name: "the header brings its own key",
    password: ({ serial, otherKey }) =>
      es256(
        { device: serial, jwk: otherKey.export({ format: "jwk" }), kid: "attacker" },
        { exp: seconds() + 600 },
        otherKey,
      ),
  },
  {
    name: "payload changed after signing",
    password: ({ serial, key }) => {
      const [header, , signature] = es256({ device: serial }, { exp: seconds() - 900 }, key).split(
        ".",
      );
      return `${header}.${encode({ exp: seconds() + 900 })}.${signature}`;
    },
  },
  {
    name: "signature cut short",
    password: ({ serial, key }) =>
      es256({ device: serial }, { exp: seconds() + 600 }, key).slice(0, -8),
  },
  {
    name: "signature of zeros",
    password: ({ serial }) =>
      `${encode({ alg: "ES256", device: serial })}.${encode({ exp: seconds() + 600 })}.${Buffer.alloc(64).toString("base64url")}`,
  },
  { name: "no password", password: () => "" },
  { name: "not a JWT", password: () => "hunter2" },
  { name: "a huge password", password: () => "a".repeat(16_000) },
  ...["", "hub", "HUB", "sys", "$SYS", "auth", "*", ">", "a.b", "a b", "__proto__"].map(
    (username): LoginRow => ({
      name: `the reserved or impossible user name ${JSON.stringify(username)}`,
      username: () => username,
      password: ({ key }) => es256({ device: username }, { exp: seconds() + 600 }, key),
    }),
  ),
];

/** A JWT as gateway firmware makes it: ES256, raw r‖s. */
export function es256(header: object, payload: object, key: KeyObject): string {
  const text = `${encode({ alg: "ES256", typ: "JWT", ...header })}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function hs256(serial: string, secret: Buffer): string {
  const text = `${encode({ alg: "HS256", typ: "JWT", device: serial })}.${encode({ exp: seconds() + 600 })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

function secretOf(publicKey: KeyObject, form: "pem" | "der" | "hex"): Buffer {
  switch (form) {
    case "pem":
      return Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
    case "der":
      return publicKey.export({ type: "spki", format: "der" });
    case "hex": {
      const { x = "", y = "" } = publicKey.export({ format: "jwk" });
      const point = [Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
      return Buffer.from(Buffer.concat(point).toString("hex"));
    }
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
