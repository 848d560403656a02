export { type ApiDocument, apiTypes } from "./api-types.ts";
