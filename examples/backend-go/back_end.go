package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
)

// backEnd is the integration that create-integration.mjs has made, and its key.
type backEnd struct {
	ID      string `json:"integration_id"`
	OrgID   string `json:"org_id"`
	BaseURL string `json:"base_url"`
	NatsURL string `json:"nats_url"`
	key     *ecdsa.PrivateKey
}

func readBackEnd() (*backEnd, error) {
	dataDir := os.Getenv("NOVACORE_DATA_DIR")
	if dataDir == "" {
		dataDir = "../../.novacore" // of the project, seen from this folder
	}
	text, err := os.ReadFile(filepath.Join(dataDir, "back-end.json"))
	if err != nil {
		return nil, err
	}
	var found backEnd
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, err
	}
	found.key, err = readKey(filepath.Join(dataDir, "back-end-key.pem"))
	return &found, err
}

// connect comes back by itself, for as long as it takes.
func (b *backEnd) connect() (*nats.Conn, error) {
	return nats.Connect(b.NatsURL,
		// A function: each connection logs in with a JWT of its own.
		nats.UserInfoHandler(func() (string, string) { return b.ID, b.loginJWT() }),
		nats.CustomInboxPrefix("_INBOX_"+b.ID),
		nats.MaxReconnects(-1),
		// While the hub starts, logins are refused; that is no reason to give up.
		nats.IgnoreAuthErrorAbort(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Printf("the connection is lost (%v); trying again", err)
			}
		}),
		nats.ReconnectHandler(func(_ *nats.Conn) { log.Print("connected again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Print(err) }),
	)
}

// loginJWT is good for ten minutes; connections outlive it. REST takes it as bearer token as well.
func (b *backEnd) loginJWT() string {
	now := time.Now().Unix()
	header := encode(map[string]any{"alg": "ES256", "typ": "JWT", "device": b.ID})
	payload := encode(map[string]any{"iat": now, "exp": now + 600, "jti": rand.Text()})
	text := header + "." + payload
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, b.key, hash[:])
	if err != nil {
		log.Fatal(err) // no randomness: nothing can be signed here
	}
	signature := make([]byte, 64) // raw r‖s, as JWTs want it
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func printReading(data []byte) error {
	var reading struct {
		Type      string      `json:"type"`
		W         json.Number `json:"W"`
		Timestamp int64       `json:"timestamp"`
	}
	if err := json.Unmarshal(data, &reading); err != nil {
		return err
	}
	at := time.UnixMilli(reading.Timestamp).UTC().Format("2006-01-02T15:04:05.000Z")
	_, err := fmt.Printf("%s %-10s %s W\n", at, reading.Type, reading.W)
	return err
}

func encode(value map[string]any) string {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err) // cannot be: texts and numbers alone
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no PEM file", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not a P-256 key")
	}
	return key, nil
}
