/** Resources of the REST API as the hub answers them; times are ISO-8601, UTC. */

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly owner_id: string;
  /** Days that the archive keeps readings; null: for ever. */
  readonly retention_days: number | null;
  readonly created_at: string;
}

export interface Site {
  readonly id: string;
  readonly org_id: string;
  readonly name: string;
  /** IANA name. */
  readonly timezone: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly created_at: string;
}

export interface Gateway {
  readonly serial: string;
  readonly org_id: string | null;
  readonly claimed_at: string | null;
  readonly created_at: string;
}

export interface Device {
  readonly id: string;
  readonly name: string | null;
  readonly type: string;
  readonly state: "pending" | "active" | "orphaned";
  readonly hardware_id: string;
  readonly site_id: string;
  readonly gateway_serial: string;
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly created_at: string;
  readonly ders: readonly Der[];
}

export interface Der {
  readonly id: string;
  readonly name: string;
  /** As it was provisioned: `solar`, where readings say `pv`. */
  readonly type: string;
}
