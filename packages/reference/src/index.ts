export { type ApiDocument, apiTypes } from "./api-types.ts";
export { type ReferenceOptions, writeReference } from "./write-reference.ts";
