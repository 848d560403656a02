import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Which folder the manifest's files are in, by an id that stands in the folder itself. */
export class ArchiveHome {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Undefined: nothing was ever archived. */
  async folderId(): Promise<string | undefined> {
    const row = await this.#db.selectFrom("archive_home").select("folder_id").executeTakeFirst();
    return row?.folder_id;
  }

  /** Sets it, unless it is set; gives what it is then. */
  async settle(folder_id: string): Promise<string> {
    await this.#db
      .insertInto("archive_home")
      .values({ id: 1, folder_id })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    return (await this.folderId()) ?? folder_id;
  }
}
