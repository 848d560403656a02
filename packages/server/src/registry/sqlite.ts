import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";

/**
 * Kysely's SQLite dialect on Node's own SQLite. The file and what SQLite puts beside it (-wal, -shm
 * take their mode from it) are readable by the owner alone. `synchronous = FULL`: what a client
 * was answered survives a power cut, also in WAL mode.
 */
export function sqliteDialect(path: string): SqliteDialect {
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  // The timeout first: the switch to WAL itself can meet another process's lock.
  for (const pragma of ["busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL"]) {
    database.exec(`pragma ${pragma}`);
  }
  return new RegistryDialect({ database: adapt(database) });
}

/**
 * SQLite's DDL is transactional, though Kysely says it is not: with all migrations in one
 * transaction, a second process waits for the first, and a failure leaves nothing half done.
 */
class RegistryDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Prepared statements kept: the registry has about a hundred different ones. */
const statementsMax = 256;

function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(text) {
      // A transaction that reads and then writes must hold the write lock from its start: SQLite
      // refuses to upgrade a read lock when another process has written meanwhile.
      const sql = text === "begin" ? "begin immediate" : text;
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = adaptStatement(database.prepare(sql));
      if (statements.size >= statementsMax) statements.clear();
      statements.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(bindable)),
    run: (parameters) => statement.run(...parameters.map(bindable)),
    iterate: (parameters) => statement.iterate(...parameters.map(bindable)),
  };
}

function bindable(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  throw new TypeError(`the registry binds text, numbers and null, got ${typeof value}`);
}
