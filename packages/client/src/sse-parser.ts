import { NovacoreError } from "./errors.ts";

/** What stands between two empty lines of an event stream (HTML Standard, 9.2.6). */
export interface SseEvent {
  /** `message` unless the event has a name. */
  readonly event: string;
  /** Undefined: it has none, and only sets the last id. */
  readonly data: string | undefined;
  /** The last one seen, this event's included; empty before the first. */
  readonly lastEventId: string;
}

export interface SseHandler {
  readonly onEvent: (event: SseEvent) => void;
  readonly onComment?: (text: string) => void;
  /** The server asks to wait so long before the next connection. */
  readonly onRetry?: (milliseconds: number) => void;
}

/** Above the hub's largest reading of 64 KiB; what is longer is no stream of a hub. */
const eventCharactersMax = 1024 * 1024;

/** Parses text as it comes, in whichever pieces. */
export class SseParser {
  readonly #handler: SseHandler;
  #rest = "";
  #event = "";
  #data: string | undefined;
  #hasId = false;
  #lastEventId: string;

  constructor(handler: SseHandler, lastEventId = "") {
    this.#handler = handler;
    this.#lastEventId = lastEventId;
  }

  /** Throws `answer_invalid` when an event is too long to be one of a hub's. */
  feed(chunk: string): void {
    let text = this.#rest + chunk;
    // A CR at the end may be the first half of a line break, and waits for the second one.
    const heldBack = text.endsWith("\r") ? "\r" : "";
    if (text.includes("\r")) {
      text = text.slice(0, text.length - heldBack.length).replaceAll(/\r\n?/g, "\n");
    }
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#line(text, start, end);
      start = end + 1;
    }
    this.#rest = text.slice(start) + heldBack;
    if (this.#rest.length + (this.#data?.length ?? 0) > eventCharactersMax) {
      const message = `An event has more than ${eventCharactersMax} characters.`;
      throw new NovacoreError("answer_invalid", message);
    }
  }

  #line(text: string, start: number, end: number): void {
    if (start === end) {
      this.#dispatch();
      return;
    }
    const colon = text.indexOf(":", start);
    const hasValue = colon >= 0 && colon < end;
    const field = text.slice(start, hasValue ? colon : end);
    const isSpaced = text.charAt(colon + 1) === " ";
    const value = hasValue ? text.slice(colon + (isSpaced ? 2 : 1), end) : "";
    switch (field) {
      case "":
        this.#handler.onComment?.(value);
        break;
      case "data":
        this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
        break;
      case "event":
        this.#event = value;
        break;
      case "id":
        if (value.includes("\0")) break;
        this.#lastEventId = value;
        this.#hasId = true;
        break;
      case "retry":
        if (/^\d{1,9}$/.test(value)) this.#handler.onRetry?.(Number(value));
        break;
      default:
        break; // the standard has unknown fields ignored
    }
  }

  #dispatch(): void {
    const event = this.#event || "message";
    const data = this.#data;
    const isWorthTelling = data !== undefined || this.#hasId;
    this.#event = "";
    this.#data = undefined;
    this.#hasId = false;
    if (isWorthTelling) this.#handler.onEvent({ event, data, lastEventId: this.#lastEventId });
  }
}
