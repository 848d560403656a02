import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

/** A schema of an object: what is looked at here, and more. */
export interface ObjectSchema {
  readonly title?: string;
  readonly properties: Readonly<Record<string, object>>;
}

/** What the schema of a member may say of it. */
interface Member {
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly Member[];
  readonly "x-unit"?: string;
}

const head = `// Made from the schemas in readings.ts by "npm run api-types"; a test tells when it is not current.
// layout: all readings, one file.

`;

/**
 * The types of objects as the source of a module, each named as its schema's title. What the schema
 * says of a member is its doc comment, with unit and range: types that are inferred have none, as
 * declarations that the compiler makes of a schema lose the comments on its members.
 */
export async function readingShapes(schemas: readonly ObjectSchema[]): Promise<string> {
  const document = {
    openapi: "3.1.0",
    info: { title: "Novacore", version: "1" },
    paths: {},
    components: {
      schemas: Object.fromEntries(
        schemas.map(({ title, ...schema }) => [title, described(schema)]),
      ),
    },
  };
  const nodes = await openapiTS(JSON.stringify(document), { silent: true });
  const components = nodes.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => [...members]);
  const types = components.flatMap(membersOf).map(namedType);
  // A comment's own text is its description, and a constant is seen to be one.
  const text = types.map((type) => astToString(type)).join("\n");
  return head + text.replaceAll("@description ", "").replaceAll(/\n *\* @constant$/gm, "");
}

function described(schema: ObjectSchema) {
  const members = Object.entries(schema.properties).map(
    ([name, member]) => [name, { ...member, description: commentOf({ ...member }) }] as const,
  );
  return { ...schema, patternProperties: {}, properties: Object.fromEntries(members) };
}

/** As "Active power; + import, − export (W, −10 000 000 to 10 000 000)". */
function commentOf(member: Member): string | undefined {
  const { description } = member;
  // A limit is one number or three, all with the bounds of the one.
  const { minimum, maximum, maxLength, "x-unit": unit } = member.anyOf?.[0] ?? member;
  const isBounded = minimum !== undefined && maximum !== undefined;
  const parts = [
    ...(unit === undefined || unit === "1" ? [] : [unit]),
    ...(isBounded ? [`${numberText(minimum)} to ${numberText(maximum)}`] : []),
    ...(maxLength === undefined ? [] : [`${maxLength} characters at most`]),
  ];
  return parts.length === 0 ? description : `${description} (${parts.join(", ")})`;
}

/** With a space between thousands and a true minus. */
function numberText(value: number): string {
  return value.toLocaleString("en").replaceAll(",", " ").replace("-", "−");
}

function membersOf(node: ts.TypeElement): ts.PropertySignature[] {
  const isObject = ts.isPropertySignature(node) && node.type && ts.isTypeLiteralNode(node.type);
  return isObject ? [...node.type.members].filter(ts.isPropertySignature) : [];
}

/** `Name: { … }` as `export type Name = { … };`, with its comment. */
function namedType(member: ts.PropertySignature): ts.TypeAliasDeclaration {
  if (!ts.isIdentifier(member.name) || member.type === undefined) {
    throw new Error("A schema of a reading has no title that can name a type.");
  }
  const exported = [ts.factory.createModifier(ts.SyntaxKind.ExportKeyword)];
  const { name, type } = member;
  const declaration = ts.factory.createTypeAliasDeclaration(exported, name, undefined, type);
  return ts.setSyntheticLeadingComments(declaration, ts.getSyntheticLeadingComments(member));
}
