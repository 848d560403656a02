import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMethodTable } from "./methods.ts";

describe("the methods of a path", () => {
  const table = createMethodTable();
  table.add("GET", "/sites/:id");
  table.add(["PUT", "DELETE"], "/sites/:id");
  table.add("GET", "/.well-known/jwks.json");
  table.add("GET", "/assets/*");

  it("are those of every route that has the path", () => {
    assert.deepEqual(table.of("/sites/sit-1?x=/sites"), ["DELETE", "GET", "PUT"]);
  });

  it("are none for a path that no route has", () => {
    for (const path of ["/sites", "/sites/", "/sites/a/b", "/Xwell-known/jwks.json", "/assets/a"]) {
      assert.deepEqual(table.of(path), [], path);
    }
  });
});
