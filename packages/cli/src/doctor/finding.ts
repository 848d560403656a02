/** What a check has found out, and what to do where that is not well. */
export interface Finding {
  readonly check: string;
  /** `failure`: something will not work; `warning`: it works, but not as it should. */
  readonly verdict: "ok" | "warning" | "failure" | "skipped";
  readonly said: string;
  readonly fix?: string;
}

export const ok = (check: string, said: string): Finding => ({ check, verdict: "ok", said });

export const skipped = (check: string, said: string): Finding => ({
  ...{ check, verdict: "skipped", said },
});

export const warning = (check: string, said: string, fix: string): Finding => ({
  ...{ check, verdict: "warning", said, fix },
});

export const failure = (check: string, said: string, fix: string): Finding => ({
  ...{ check, verdict: "failure", said, fix },
});
