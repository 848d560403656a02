import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Type } from "typebox";
import { requestValidator } from "./validator.ts";

const Query = Type.Object(
  {
    count: Type.Optional(Type.Integer()),
    share: Type.Optional(Type.Number()),
    all: Type.Optional(Type.Boolean()),
    names: Type.Optional(Type.Array(Type.String())),
    text: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const validator = (httpPart: string) =>
  requestValidator({ schema: Query, method: "GET", url: "/", httpPart });

describe("a query", () => {
  const read = validator("querystring");

  it("becomes the numbers, booleans and lists that the schema asks for", () => {
    const query = { count: "-12", share: "0.5", all: "false", names: "a", text: "1" };
    const value = { count: -12, share: 0.5, all: false, names: ["a"], text: "1" };
    assert.deepEqual(read(query), { value });
  });

  it("is refused where its text is something else", () => {
    const wrong = [
      ...["true", "1.5", "", " 1", "1e3", "0x10", "null"].map((count) => ({ count })),
      ...["NaN", "Infinity", "1."].map((share) => ({ share })),
      ...["1", "TRUE", ""].map((all) => ({ all })),
      { count: ["1", "2"] },
      { text: ["a", "b"] },
      { other: "1" },
    ];
    for (const query of wrong) {
      assert.ok(Object(read(query)).error?.length > 0, JSON.stringify(query));
    }
  });
});

it("a body is taken as it is", () => {
  const read = validator("body");
  assert.ok(Object(read({ count: "1" })).error?.length > 0);
  assert.deepEqual(read({ count: 1 }), { value: { count: 1 } });
});
