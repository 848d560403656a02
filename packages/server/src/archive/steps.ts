/**
 * What the archive does one after the other, told so that tests can end the process between any two:
 * nothing may be lost or doubled, whichever was the last.
 */
export type Step =
  | "announced"
  | "drafted"
  | "synced"
  | "renamed"
  | "written"
  | "committed"
  | "purged"
  | "removed"
  | "forgotten";

export type OnStep = (step: Step) => void;
