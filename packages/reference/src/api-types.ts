import openapiTS, { astToString, type SchemaObject } from "openapi-typescript";
import ts from "typescript";

/** An OpenAPI document as the hub makes it: what is looked at here, and much more. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

type Schema = Readonly<Record<string, unknown>>;

const head = `// Made from the hub's /openapi.json by "npm run api-types"; a test tells when it is not current.
// layout: one document, one file.
import type { EnrichedReading, Reading } from "@novacore/protocol";

`;

/**
 * The types of an API, as the source of a module: every schema under its own name, and `Operations`
 * with what each operation takes (`query`, `body`) and gives (`answer`). Refusals are left out: all
 * operations have the same. Readings are the protocol's, which knows them better than JSON Schema.
 */
export async function apiTypes({ paths, components }: ApiDocument): Promise<string> {
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const { Error: _, UploadedReading, ...schemas } = components.schemas;
  const isReading = (name: string) => name.endsWith("Reading");
  const described: Readonly<Record<string, Schema | undefined>> = {
    ...Object.fromEntries(Object.entries(schemas).filter(([name]) => !isReading(name))),
    UploadedReading,
    Operations: {
      ...membersOf(operations.map((each) => [each.operationId, operationOf(each)])),
      description: "What each operation takes and gives, by its operationId",
    },
  };
  const document = {
    openapi: "3.1.0",
    info: { title: "Novacore", version: "1" },
    paths: {},
    components: { schemas: simplify(described) },
  };
  const nodes = await openapiTS(JSON.stringify(document), {
    immutable: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    // A default is the hub's: whoever asks may leave it out.
    defaultNonNullable: false,
    silent: true,
    transform: typeOf,
  });
  for (const node of nodes.filter(ts.isTypeAliasDeclaration)) {
    const { description } = described[node.name.text] ?? {};
    if (typeof description === "string") comment(node, description);
  }
  const text = astToString(nodes.filter(isOfSchemas));
  // A comment's own text is its description: no editor needs the tag, and TypeDoc has none.
  return head + text.replaceAll("@description ", "").replaceAll(/ +$/gm, "");
}

function operationOf({ summary, parameters = [], requestBody, responses }: Operation): Schema {
  const queries = parameters.filter((each) => each.in === "query");
  const { content = {} } = responses[200] ?? responses[201] ?? {};
  const [answer] = Object.values(content);
  const body = requestBody?.content?.["application/json"];
  return {
    ...membersOf([
      ...(queries.length === 0 ? [] : [["query", queryOf(queries)] as const]),
      ...(body === undefined ? [] : [["body", body.schema] as const]),
      ["answer", answer?.schema ?? { type: "null" }],
    ]),
    description: summary,
  };
}

function queryOf(parameters: readonly Parameter[]): Schema {
  const members = parameters.map(
    ({ name, schema, description }) => [name, { ...schema, description }] as const,
  );
  const required = parameters.filter((each) => each.required).map(({ name }) => name);
  return { ...membersOf(members), required };
}

/** An object of which all members are required. */
function membersOf(members: readonly (readonly [string, Schema])[]): Schema {
  const required = members.map(([name]) => name);
  return { type: "object", required, properties: Object.fromEntries(members) };
}

/**
 * The same with what types can say and no more: of an object with members, rules that the hub checks
 * (`anyOf` and `oneOf` beside `properties`) are left out. What describes a value that may be null
 * describes the member, which is where editors look for it.
 */
function simplify(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(simplify);
  if (typeof value !== "object" || value === null) return value;
  const schema: Schema = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, simplify(member)]),
  );
  const { $ref, properties, anyOf, oneOf: _, ...others } = schema;
  const reading = typeof $ref === "string" ? readingOf($ref) : undefined;
  if (reading !== undefined) return { type: "object", "x-type": reading };
  if (typeof properties === "object") return { ...others, properties };
  const [first, ...rest]: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  const isNullable = rest.length === 1 && Object(rest[0]).type === "null";
  if (!isNullable) return schema;
  const description = Object(first).description;
  return { ...(description !== undefined && { description }), ...schema };
}

function readingOf(reference: string): string | undefined {
  return /\/((?:Enriched)?Reading)$/.exec(reference)?.[1];
}

/** Of what JSON Schema has no word for; of all else openapi-typescript's. */
function typeOf(schema: SchemaObject): ts.TypeNode | undefined {
  if (typeof schema["x-type"] === "string") {
    return ts.factory.createTypeReferenceNode(schema["x-type"]);
  }
  const { type, properties, additionalProperties }: Schema = { ...schema };
  const hasMembers = Object.keys(Object(properties)).length > 0;
  const isAnyObject = type === "object" && !hasMembers && additionalProperties === undefined;
  return isAnyObject ? ts.factory.createKeywordTypeNode(ts.SyntaxKind.ObjectKeyword) : undefined;
}

function comment(node: ts.Node, text: string): void {
  const kind = ts.SyntaxKind.MultiLineCommentTrivia;
  ts.addSyntheticLeadingComment(node, kind, `* ${text} `, true);
}

function isOfSchemas(node: ts.Node): boolean {
  if (ts.isInterfaceDeclaration(node)) return node.name.text === "components";
  return ts.isTypeAliasDeclaration(node) && /^[A-Z]/.test(node.name.text);
}
