import assert from "node:assert/strict";
import { type StreamHub, until } from "./stream-hub.ts";
import { numbersIn, type Published, Segment, SightLog, type Wish } from "./subscription-model.ts";
import { WsClient } from "./ws-client.ts";

export const siteNumbers = [0, 1, 2] as const;

/** What changes who may see what. */
export interface Change {
  readonly grant?: { readonly at: number; readonly isGranted: boolean };
  /** The sites of the next ticket; undefined: a token for all. */
  readonly refresh?: { readonly numbers: readonly number[] | undefined };
}

/** One random story: a client, three sites, and what each subscription must have received. */
export class RandomRun {
  readonly #hub: StreamHub;
  readonly #name: string;
  readonly #granted: Set<string>;
  readonly #published: Published[] = [];
  readonly #active = new Map<string, Segment>();
  /** Where subscriptions that have ended would resume. */
  readonly #ended = new Map<string, { readonly wish: Wish; readonly cursor: string }>();
  #ticket: readonly string[] | undefined;
  #client: WsClient;
  #sight = new SightLog();
  #credit: { given: number; readonly fromFrame: number } | undefined;
  #publishing: Promise<void> = Promise.resolve();

  private constructor(hub: StreamHub, name: string, client: WsClient) {
    this.#hub = hub;
    this.#name = name;
    this.#granted = new Set(this.#all);
    this.#client = client;
    hub.access.orgs.set(name, this.#granted);
    this.#sight.note(0, this.#seen);
  }

  static async start(hub: StreamHub, name: string): Promise<RandomRun> {
    return new RandomRun(hub, name, await WsClient.open({ port: hub.port }));
  }

  async publish(at: number, derNumber: number, count: number): Promise<void> {
    const before = this.#publishing;
    // Not awaited: what comes next happens while these are on their way.
    this.#publishing = (async () => {
      await before;
      for (let i = 0; i < count; i++) {
        const number = this.#published.length + 1;
        const where = { site: this.#site(at), der: `${this.#site(at)}-${derNumber}` };
        const sequence = await this.#hub.publish({ org: this.#name, ...where }, { W: number });
        this.#published.push({ number, sequence, ...where });
      }
    })();
  }

  async subscribe(
    of: string,
    numbers: readonly number[] | "org",
    members: object,
    resumes: boolean,
  ): Promise<void> {
    if (this.#active.has(of)) return;
    const ended = resumes ? this.#ended.get(of) : undefined;
    const sites = numbers === "org" ? numbers : numbers.map((number) => this.#site(number));
    await this.#begin(of, ended?.wish ?? { sites, members }, ended?.cursor);
  }

  async unsubscribe(of: string): Promise<void> {
    if (!this.#active.has(of)) return;
    const count = this.#client.ops("unsubscribed").length;
    this.#client.send({ op: "unsubscribe", id: of });
    await this.#client.untilOp("unsubscribed", count + 1);
    await this.#publishing;
    this.#end(of);
  }

  /** A site is granted or taken away, the client refreshes for other sites, or both at once. */
  async change({ grant, refresh }: Change): Promise<void> {
    // Nothing is on its way when it takes effect.
    await this.#publishing;
    const before = { granted: new Set(this.#granted), ticket: this.#ticket };
    if (grant?.isGranted === true) this.#granted.add(this.#site(grant.at));
    if (grant?.isGranted === false) this.#granted.delete(this.#site(grant.at));
    if (refresh !== undefined) {
      this.#ticket = refresh.numbers?.map((number) => this.#site(number));
    }
    // Until it has taken effect, what was and what will be granted may come.
    const either = this.#all.filter(
      (name) =>
        (before.granted.has(name) || this.#granted.has(name)) &&
        [before.ticket, this.#ticket].some((ticket) => ticket?.includes(name) !== false),
    );
    this.#sight.note(this.#client.frames.length, new Set(either));
    await Promise.all([
      grant !== undefined && this.#hub.grantsChanged(),
      refresh !== undefined && this.#refresh(),
    ]);
    // The one may take effect before the other.
    const between = [visible(before.granted, this.#ticket), visible(this.#granted, before.ticket)];
    await this.#regrant([...between, this.#seen]);
  }

  async #refresh(): Promise<void> {
    const identityId = "idt-1";
    const credential =
      this.#ticket === undefined
        ? { token: identityId }
        : { ticket: (await this.#hub.access.issueTicket({ identityId }, this.#ticket)).ticket };
    this.#client.send({ op: "refresh", ...credential });
    // Frames are worked on in order: the next one's answer shows that this one has taken effect.
    const fences = this.#client.codes("fence").length;
    this.#client.send({ op: "unsubscribe", id: "fence" });
    await until(() => this.#client.codes("fence").length > fences, "the refresh takes effect");
  }

  async credit(n: number): Promise<void> {
    this.#client.send({ op: "credit", n });
    if (this.#credit !== undefined) this.#credit.given += n;
    else {
      await this.#client.roundTrip();
      this.#credit = { given: n, fromFrame: this.#client.frames.length };
    }
  }

  async cut(): Promise<void> {
    this.#client.close();
    await this.#publishing;
    const again = [...this.#active];
    for (const [of] of again) this.#end(of);
    this.#checkConnection();
    this.#client = await WsClient.open({ port: this.#hub.port });
    this.#ticket = undefined;
    this.#credit = undefined;
    this.#sight = new SightLog();
    this.#sight.note(0, this.#seen);
    for (const [of, { wish, cursor }] of again) await this.#begin(of, wish, cursor);
  }

  /** Everything that must come has come. */
  async settle(): Promise<void> {
    await this.#publishing;
    if (this.#credit !== undefined) await this.credit(1_000);
    for (const [of, segment] of this.#active) {
      const isComplete = () => segment.missing(this.#published).length === 0;
      await until(isComplete, `${of} has everything`).catch((error: unknown) => {
        assert.deepEqual(segment.missing(this.#published), [], String(error));
      });
      segment.check(this.#published);
    }
  }

  async finish(): Promise<void> {
    await this.settle();
    await this.#client.roundTrip();
    this.#checkConnection();
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#publishing;
    this.#hub.access.orgs.delete(this.#name);
    await until(() => this.#hub.delivery.usage.subscribers === 0, "nothing is left");
  }

  async #begin(of: string, wish: Wish, cursor: string | undefined): Promise<void> {
    const scope = wish.sites === "org" ? { org: this.#name } : { sites: wish.sites };
    const start = cursor === undefined ? {} : { since: undefined, cursor };
    const answer = await this.#client.subscribe(of, { ...scope, ...wish.members, ...start });
    const isAllowed = wish.sites === "org" || wish.sites.every((name) => this.#seen.has(name));
    assert.equal(answer.op, isAllowed ? "subscribed" : "error");
    if (isAllowed) this.#active.set(of, new Segment(of, wish, this.#client, this.#seen));
  }

  #end(of: string): void {
    const segment = this.#active.get(of);
    if (segment === undefined) return;
    segment.check(this.#published);
    this.#active.delete(of);
    this.#ended.set(of, { wish: segment.wish, cursor: segment.cursor });
  }

  /** The hub has applied a change; what it sent before has come after a round trip. */
  async #regrant(sights: readonly ReadonlySet<string>[]): Promise<void> {
    await this.#client.roundTrip();
    const head = this.#published.at(-1)?.sequence ?? 0;
    for (const [of, segment] of this.#active) {
      const isEnded = segment.frames.some(({ op }) => op === "error");
      const must = segment.regrant(sights, head);
      if (must !== "either") assert.equal(isEnded ? "ends" : "goes on", must, of);
      if (isEnded) this.#end(of);
    }
    this.#sight.note(this.#client.frames.length, this.#seen);
  }

  #checkConnection(): void {
    const { frames } = this.#client;
    this.#sight.check(frames, this.#published);
    if (this.#credit === undefined) return;
    const { given, fromFrame } = this.#credit;
    const count = frames.slice(fromFrame).flatMap(numbersIn).length;
    assert.ok(count <= given, `${count} readings came where ${given} were allowed`);
  }

  get #all(): readonly string[] {
    return siteNumbers.map((number) => this.#site(number));
  }

  get #seen(): ReadonlySet<string> {
    return visible(this.#granted, this.#ticket);
  }

  #site(number: number): string {
    return `${this.#name}-${number}`;
  }
}

/** The sites that are granted, and that the ticket is for, if there is one. */
function visible(
  granted: ReadonlySet<string>,
  ticket: readonly string[] | undefined,
): ReadonlySet<string> {
  return new Set([...granted].filter((name) => ticket?.includes(name) !== false));
}
