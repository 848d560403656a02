/** What a web app that uses NATS imports; its bundler chooses the entry for browsers. */
export { Novacore } from "@novacore/client";
export { natsTransport } from "@novacore/client/nats";
