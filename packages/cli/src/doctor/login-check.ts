import type { Novacore } from "@novacore/client";
import { answerWithin } from "../answer-within.ts";
import type { Context } from "../context.ts";
import { HubAway, outcomeOf, sentenceOf } from "../failure.ts";
import { type Finding, failure, ok, skipped } from "./finding.ts";

/** Whether the login is good; `org` is one that the caller is in, for what needs a stream. */
export async function checkLogin(
  hubUrl: string,
  { connect, signal }: Pick<Context, "connect" | "signal">,
): Promise<{ readonly findings: readonly Finding[]; readonly stream?: StreamToOpen }> {
  const check = "Login";
  try {
    const { nova, url } = await connect();
    if (url !== hubUrl) return { findings: [skipped(check, `it is for ${url}`)] };
    return await answerWithin(signal, async (within) => {
      const { id, type, name } = await nova.identity.get({ signal: within });
      const found = ok(check, `${id}${name === null ? "" : ` (${name})`}, ${type}`);
      for await (const { id: orgId } of nova.organizations({ pageSize: 1, signal: within })) {
        return { findings: [found], stream: { nova, orgId } };
      }
      return { findings: [found] };
    });
  } catch (error) {
    signal.throwIfAborted();
    const { code } = outcomeOf(error);
    if (code === "not_logged_in") return { findings: [skipped(check, "nobody is logged in")] };
    const fix = error instanceof HubAway ? "the hub's log says more" : "novacore login";
    return { findings: [failure(check, sentenceOf(error), fix)] };
  }
}

export interface StreamToOpen {
  readonly nova: Novacore;
  readonly orgId: string;
}
