/** What a program needs to know to log in and listen. */
export interface SnippetParts {
  readonly natsUrl: string;
  readonly integrationId: string;
  /** A subject that it may subscribe to. */
  readonly subject: string;
}

/**
 * Programs that print the readings of an organization as they are stored, in three languages, and
 * tell when the connection is lost or refused; each reads the private key from the file that KEY_FILE
 * names, or else from back-end-key.pem. The folders `examples/backend-*` have more of them.
 */
export function natsSnippets(parts: SnippetParts) {
  return { typescript: typescript(parts), python: python(parts), go: go(parts) };
}

/** Where the key comes from, as a comment of the language. */
const keyComment = (mark: string) =>
  [
    'back-end-key.pem is the private key: the text "private_key.pem" of the answer when the integration',
    "was made, or given another key, with generate: true. Or make one yourself,",
    "  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out back-end-key.pem",
    "and hand in its public half as public_key:",
    "  openssl pkey -in back-end-key.pem -pubout -outform DER | openssl base64 -A",
  ]
    .map((line) => `${mark} ${line}`)
    .join("\n");

// Ids and subjects hold letters, digits, `-`, `_`, `.`, `*` and `>`, and a URL is written by the
// hub: JSON's strings are strings of all three languages.
const quote = JSON.stringify;

const typescript = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
// npm install @nats-io/transport-node
//
${keyComment("//")}
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
void tell();
for await (const message of connection.subscribe(${quote(subject)})) {
  console.log(message.string());
}

async function tell() {
  for await (const status of connection.status()) {
    if (status.type === "error") console.error(status.error.message);
    if (status.type === "disconnect") console.error("the connection is lost; trying again");
    if (status.type === "reconnect") console.error("connected again");
  }
}
`;

const python = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
# pip install nats-py cryptography
#
${keyComment("#")}
import asyncio, base64, json, os, sys, time
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


def say(text):
    print(text, file=sys.stderr, flush=True)


async def on_error(error):  # also a refused login, here and after each reconnect
    say(f"{error!r}")


async def on_lost():
    say("the connection is lost; trying again")


async def on_back():
    say("connected again")


async def main():
    connection = await nats.connect(
        ${quote(natsUrl)},
        user=integration_id,
        password=login_jwt,
        inbox_prefix="_INBOX_" + integration_id,
        max_reconnect_attempts=-1,
        error_cb=on_error,
        disconnected_cb=on_lost,
        reconnected_cb=on_back,
    )
    subscription = await connection.subscribe(${quote(subject)})
    async for message in subscription.messages:
        print(message.data.decode(), flush=True)


asyncio.run(main())
`;

const go = ({ natsUrl, integrationId, subject }: SnippetParts) => `\
// go get github.com/nats-io/nats.go
//
${keyComment("//")}
package main

import (
	"cmp"
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
	keyFile := cmp.Or(os.Getenv("KEY_FILE"), "back-end-key.pem")
	file, err := os.ReadFile(keyFile)
	check(err)
	block, _ := pem.Decode(file)
	if block == nil {
		log.Fatal(keyFile + " is no PEM file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(err)
	key := parsed.(*ecdsa.PrivateKey)
	connection, err := nats.Connect(${quote(natsUrl)},
		nats.UserInfoHandler(func() (string, string) { return id, loginJWT(key) }),
		nats.CustomInboxPrefix("_INBOX_"+id),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Print(err) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { log.Print("connection lost: ", err) }),
		nats.ReconnectHandler(func(_ *nats.Conn) { log.Print("connected again") }))
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
