import type { Novacore } from "@novacore/client";
import type { Context } from "../context.ts";
import { outcomeOf, sentenceOf } from "../failure.ts";
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
    const { id, type, name } = await nova.identity.get({ signal });
    const found = ok(check, `${id}${name === null ? "" : ` (${name})`}, ${type}`);
    for await (const { id: orgId } of nova.organizations({ pageSize: 1, signal })) {
      return { findings: [found], stream: { nova, orgId } };
    }
    return { findings: [found] };
  } catch (error) {
    signal.throwIfAborted();
    const { code } = outcomeOf(error);
    if (code === "not_logged_in") return { findings: [skipped(check, "nobody is logged in")] };
    return { findings: [failure(check, sentenceOf(error), "novacore login")] };
  }
}

export interface StreamToOpen {
  readonly nova: Novacore;
  readonly orgId: string;
}
