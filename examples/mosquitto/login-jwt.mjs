/** Prints the JWT with which a gateway logs in: login-jwt.mjs <serial> <private key, PEM> */
import { randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const [serial, keyFile] = process.argv.slice(2);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const iat = Math.floor(Date.now() / 1000);

const header = encode({ alg: "ES256", typ: "JWT", device: serial });
const payload = encode({ iat, exp: iat + 600, jti: randomUUID() });
const signature = sign("sha256", Buffer.from(`${header}.${payload}`), {
  key: readFileSync(keyFile),
  dsaEncoding: "ieee-p1363", // raw r‖s, as JWTs want it
});
console.log(`${header}.${payload}.${signature.toString("base64url")}`);
