import type { ErrorCode, ErrorDetail } from "@novacore/protocol";
import type { Result, Value } from "../duck/database.ts";
import type { EnergyOptions, SiteEnergies } from "./energy.ts";
import type { PackedRows } from "./packed-rows.ts";
import type { RangeJob, RangeResult } from "./range-job.ts";

/** What the thread of DuckDB can be asked. */
export type Job =
  | { readonly kind: "range"; readonly range: RangeJob }
  | ({ readonly kind: "select" } & Select)
  | {
      readonly kind: "energy";
      /** Gives cells; of more than `limits.energyCellsReadMax` nothing is made. */
      readonly cells: Select;
      readonly energy: EnergyOptions;
    };

export interface Select {
  readonly sql: string;
  readonly parameters: readonly Value[];
  /** Temporary tables that the statement finds; those without rows are not made. */
  readonly tables: readonly { readonly name: string; readonly rows: PackedRows }[];
}

export type JobResult =
  | ({ readonly kind: "range" } & RangeResult)
  | { readonly kind: "select"; readonly result: Result }
  | { readonly kind: "energy"; readonly energy: SiteEnergies };

export type DuckOrder =
  | { readonly kind: "run"; readonly id: number; readonly job: Job }
  | { readonly kind: "interrupt"; readonly id: number };

export type DuckAnswer =
  | { readonly kind: "done"; readonly id: number; readonly result: JobResult }
  | {
      readonly kind: "failed";
      readonly id: number;
      /** Of an error that is told as it is; undefined for DuckDB's own. */
      readonly code: ErrorCode | undefined;
      readonly message: string;
      readonly details: readonly ErrorDetail[];
    };
