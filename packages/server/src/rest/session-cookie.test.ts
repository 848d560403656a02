import assert from "node:assert/strict";
import { test } from "node:test";
import { isAllowedOrigin, sessionCookie, sessionTokenOf } from "./session-cookie.ts";

const token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJpZHQifQ.c2ln_-~+/==";

test("what is set is what is read back", () => {
  const [pair] = sessionCookie(token, 60, true).split(";");
  assert.equal(sessionTokenOf({ cookie: pair }), token);
  assert.equal(sessionTokenOf({ cookie: `theme=dark; ${pair}; lang=en` }), token);
});

test("scripts and other sites' pages do not get the cookie, and plain HTTP only where it is served", () => {
  const cookie = sessionCookie(token, 60, true);
  for (const attribute of ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=60"]) {
    assert.ok(cookie.split("; ").includes(attribute), attribute);
  }
  assert.doesNotMatch(sessionCookie(token, 60, false), /Secure/);
});

test("forgetting it leaves no token", () => {
  const [pair, ...attributes] = sessionCookie("", 0, true).split("; ");
  assert.ok(attributes.includes("Max-Age=0"));
  assert.equal(sessionTokenOf({ cookie: pair }), undefined);
});

test("cookies of other names, and broken ones, are no session", () => {
  const others = [
    undefined,
    "",
    "session=abc",
    "xnovacore_session=abc",
    "novacore_sessions=abc",
    "novacore_session=a b",
    'novacore_session="abc"',
    "novacore_session=",
  ];
  for (const cookie of others) assert.equal(sessionTokenOf({ cookie }), undefined, String(cookie));
});

test("the cookie counts for our own pages and for allowed origins alone", () => {
  const host = "hub.example:8080";
  const upgrade = "websocket";
  const allowed = ["https://app.example"];
  const cases = [
    [{ origin: "http://hub.example:8080", host, upgrade }, true],
    [{ origin: "https://hub.example:8080", host, upgrade }, true],
    [{ origin: "https://app.example", host, upgrade }, true],
    [{ origin: "https://app.example", host }, true],
    [{ origin: "https://app.example.evil.example", host, upgrade }, false],
    [{ origin: "http://app.example", host, upgrade }, false],
    [{ origin: "https://hub.example", host, upgrade }, false],
    [{ origin: "https://evil.example", host }, false],
    [{ origin: "null", host, upgrade }, false],
    [{ origin: "hub.example:8080", host, upgrade }, false],
    // A plain GET without an origin comes from our own page; a handshake always has one.
    [{ host }, true],
    [{ host, upgrade }, false],
  ] as const;
  for (const [headers, expected] of cases) {
    assert.equal(isAllowedOrigin(headers, allowed), expected, JSON.stringify(headers));
  }
});
