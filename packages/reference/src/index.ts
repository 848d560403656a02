export { type ApiDocument, apiTypes } from "./api-types.ts";
export { type ObjectSchema, readingShapes } from "./reading-shapes.ts";
export { undocumentedMembers } from "./undocumented-members.ts";
export { type ReferenceOptions, writeReference } from "./write-reference.ts";
