/** What a program needs to know to log in and listen. */
export interface SnippetParts {
  readonly natsUrl: string;
  readonly integrationId: string;
  /** A subject that it may subscribe to. */
  readonly subject: string;
}

/**
 * Programs that print the readings of an organization as they are stored, in three languages; each
 * reads the private key (PEM) from the file that KEY_FILE names. The folders `examples/backend-*`
 * have more of them.
 */
export function natsSnippets(parts: SnippetParts) {
  return { typescript: typescript(parts), python: python(parts), go: go(parts) };
}

// Ids and subjects hold letters, digits, `-`, `_`, `.`, `*` and `>`, and a URL is written by the
// hub: JSON's strings are strings of all three languages.
const quote = JSON.stringify;

const typescript = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
// npm install @nats-io/transport-node
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect, usernamePasswordAuthenticator } from "@nats-io/transport-node";

const id = ${quote(integrationId)};
const key = createPrivateKey(readFileSync(process.env.KEY_FILE ?? "back-end-key.pem"));

function loginJwt() {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 600;
  const text = encode({ alg: "ES256", typ: "JWT", device: id }) + "." + encode({ exp });
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return text + "." + signature.toString("base64url");
}

const connection = await connect({
  servers: ${quote(natsUrl)},
  authenticator: usernamePasswordAuthenticator(id, loginJwt),
  inboxPrefix: "_INBOX_" + id,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
});
for await (const message of connection.subscribe(${quote(subject)})) {
  console.log(message.string());
}
`;

const python = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
# pip install nats-py cryptography
import asyncio, base64, json, os, time
import nats
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

integration_id = ${quote(integrationId)}
with open(os.environ.get("KEY_FILE", "back-end-key.pem"), "rb") as file:
    key = serialization.load_pem_private_key(file.read(), password=None)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def login_jwt():
    header = {"alg": "ES256", "typ": "JWT", "device": integration_id}
    payload = {"exp": int(time.time()) + 600}
    text = b".".join(encode(json.dumps(part).encode()) for part in (header, payload))
    r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return (text + b"." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()


async def main():
    connection = await nats.connect(
        ${quote(natsUrl)},
        user=integration_id,
        password=login_jwt,
        inbox_prefix="_INBOX_" + integration_id,
        max_reconnect_attempts=-1,
    )
    subscription = await connection.subscribe(${quote(subject)})
    async for message in subscription.messages:
        print(message.data.decode(), flush=True)


asyncio.run(main())
`;

const go = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
// go get github.com/nats-io/nats.go
package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

const id = ${quote(integrationId)}

func main() {
	file, err := os.ReadFile(os.Getenv("KEY_FILE"))
	check(err)
	block, _ := pem.Decode(file)
	if block == nil {
		log.Fatal("KEY_FILE is no PEM file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(err)
	key := parsed.(*ecdsa.PrivateKey)
	connection, err := nats.Connect(${quote(natsUrl)},
		nats.UserInfoHandler(func() (string, string) { return id, loginJWT(key) }),
		nats.CustomInboxPrefix("_INBOX_"+id),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort())
	check(err)
	_, err = connection.Subscribe(${quote(subject)}, func(m *nats.Msg) { fmt.Println(string(m.Data)) })
	check(err)
	select {}
}

func loginJWT(key *ecdsa.PrivateKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	payload := fmt.Sprintf(\`{"exp":%d}\`, time.Now().Unix()+600)
	text := encode([]byte(\`{"alg":"ES256","typ":"JWT","device":"\`+id+\`"}\`)) + "." + encode([]byte(payload))
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	check(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encode(signature)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`;
