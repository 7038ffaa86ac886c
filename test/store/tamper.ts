// Changing a store from outside, as someone would who can write its file: every column of every table, every row.
import Database from "better-sqlite3";
import { cpSync } from "node:fs";
import { verify, type Place } from "./logs.ts";
import { TABLE_NAMES } from "../../src/store/schema.ts";
import type { VerifyReport } from "../../src/audit/verdict.ts";

type Cell = string | number | Buffer | null;

/** Does `change` with the triggers out of the way, and puts them back, so that the schema tells nothing. */
export function changeStore(path: string, change: (db: Database.Database) => void): void {
  const db = new Database(path);
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  for (const { sql } of triggers) db.exec(sql);
  db.close();
}

export interface Tampering {
  readonly name: string;
  readonly change: (db: Database.Database) => void;
}

/** Every change of one value and every removal of one row; of each table those rows whose place `wanted` takes. */
export function tamperings(path: string, wanted: (index: number, count: number) => boolean): Tampering[] {
  const db = new Database(path, { readonly: true });
  const found = TABLE_NAMES.flatMap((table) => {
    const rows = db.prepare<[], Record<string, Cell>>(`SELECT * FROM ${table}`).all();
    const keys = db
      .prepare<[], { name: string; pk: number }>(`PRAGMA table_info(${table})`)
      .all()
      .filter(({ pk }) => pk > 0)
      .map(({ name }) => name);
    const where = keys.map((key) => `${key} = ?`).join(" AND ");
    return rows
      .filter((_, i) => wanted(i, rows.length))
      .flatMap((row): Tampering[] => {
        const place = keys.map((key) => row[key] as Cell);
        const name = `${table} ${place.map(shown).join("/")}`;
        const removal: Tampering = {
          name: `${name}: removed`,
          change: (copy) => void copy.prepare(`DELETE FROM ${table} WHERE ${where}`).run(...place),
        };
        const changes = Object.entries(row).flatMap(([column, cell]) =>
          others(cell, column).map((other, i): Tampering => ({
            name: `${name}: ${i === 0 ? "another" : "an empty"} ${column}`,
            change: (copy) =>
              void copy.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(other, ...place),
          })),
        );
        return [removal, ...changes];
      });
  });
  db.close();
  return found;
}

/** Verifies a copy of the store after the change. */
export async function verifyChanged({ path, home }: Place, { change }: Tampering): Promise<VerifyReport> {
  const copy = `${path}.changed`;
  cpSync(path, copy);
  changeStore(copy, change);
  return verify({ path: copy, home });
}

/** What is not as it was, and says where. */
export function placesOf({ verdicts }: VerifyReport): string[] {
  return Object.values(verdicts)
    .filter(({ verdict }) => verdict === "invalid")
    .map(({ detail }) => detail)
    .filter((detail) => /record|checkpoint|artefact|data key|subtree|payload/.test(detail));
}

/** What is put in a cell's place: something else, and where nothing may stand, what could pass for it. */
function others(cell: Cell, column: string): readonly Cell[] {
  return column === "prev" ? [another(cell, column), Buffer.alloc(0)] : [another(cell, column)];
}

function another(cell: Cell, column: string): Cell {
  if (typeof cell === "number") return cell + 1_000_003;
  if (typeof cell === "string") {
    // A digit for another: what it stands in stays JSON, as the indexes over it want.
    const middle = cell.length >> 1;
    const at = middle + cell.slice(middle).search(/\d/);
    return cell.slice(0, at) + (cell[at] === "9" ? "8" : String(Number(cell[at]) + 1)) + cell.slice(at + 1);
  }
  if (cell === null) return column === "prev" ? Buffer.alloc(32) : 1_000_003;
  return Buffer.from(cell.map((byte, i) => (i === cell.length >> 1 ? byte ^ 1 : byte)));
}

function shown(cell: Cell): string {
  return Buffer.isBuffer(cell) ? cell.toString("hex").slice(0, 8) : String(cell);
}
