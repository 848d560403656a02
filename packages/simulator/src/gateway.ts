import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
} from "node:crypto";

/**
 * How gateways in the field write their login JWT (wire contract §2): which members, how long it is
 * valid. `fresh`: ten minutes, a new one at each connect; `day`: 24 hours; `nonce`: five minutes, for a
 * connection kept for days; `brief`: ten seconds.
 */
export type LoginStyle = "fresh" | "day" | "nonce" | "brief";

/** A gateway without hardware: a serial and a P-256 key, and what it signs with it. */
export interface VirtualGateway {
  readonly serial: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** X‖Y as 128 hex digits, the form that gateways print on their label. */
  readonly publicKeyHex: string;
  /** ES256 over the UTF-8 bytes: raw r‖s as 128 hex digits. */
  sign(text: string): string;
  /** The JWT that is its password on NATS and MQTT; default style `fresh`, default time now. */
  loginJwt(style?: LoginStyle, nowMs?: number): string;
  /** What a claimer sends to `POST /gateways/claim`; valid for ten minutes, once. */
  claimMessage(claimerId: string, nowMs?: number): { message: string; signature: string };
}

export interface VirtualGatewayOptions {
  /** Default: `sim-` and eight random hex digits. */
  readonly serial?: string;
  /** PKCS#8 PEM of a P-256 key; default: a new one. */
  readonly privateKeyPem?: string;
}

export function createVirtualGateway(options: VirtualGatewayOptions = {}): VirtualGateway {
  const { serial = `sim-${randomBytes(4).toString("hex")}`, privateKeyPem } = options;
  const privateKey =
    privateKeyPem === undefined
      ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
      : createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  const signed = (text: string) =>
    sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return {
    serial,
    privateKey,
    publicKey,
    publicKeyHex: pointHex(publicKey),
    sign: (text) => signed(text).toString("hex"),
    loginJwt(style = "fresh", nowMs = Date.now()) {
      const { header, payload } = loginParts(style, serial, Math.floor(nowMs / 1000));
      const text = `${encode({ alg: "ES256", typ: "JWT", ...header })}.${encode(payload)}`;
      return `${text}.${signed(text).toString("base64url")}`;
    },
    claimMessage(claimerId, nowMs = Date.now()) {
      const message = `${claimerId}|${randomUUID()}|${Math.floor(nowMs / 1000)}|${serial}`;
      return { message, signature: signed(message).toString("hex") };
    },
  };
}

function loginParts(style: LoginStyle, device: string, iat: number) {
  const jti = randomUUID();
  switch (style) {
    case "fresh":
      return { header: { device }, payload: { iat, exp: iat + 600, jti } };
    case "day":
      return { header: { device }, payload: { iat, exp: iat + 86_400, jti } };
    case "nonce":
      return { header: { device, opr: "auth" }, payload: { iat, exp: iat + 300, nonce: jti } };
    case "brief":
      return { header: { device, opr: "production" }, payload: { exp: iat + 10, jti } };
  }
}

function pointHex(publicKey: KeyObject): string {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]).toString("hex");
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
