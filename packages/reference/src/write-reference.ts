import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  Application,
  Logger,
  LogLevel,
  type ProjectReflection,
  type Reflection,
  ReflectionKind,
} from "typedoc";

export interface ReferenceOptions {
  /** Folder of the repository. */
  readonly root: string;
  /** Where the pages go, as HTML; undefined: nowhere, it is only checked. */
  readonly into?: string | undefined;
}

/** Packages that programs are written with; what two of them export stands in the first. */
const packages = ["protocol", "client"];

/**
 * The reference of the packages from their doc comments. Gives what is wrong with them, one sentence
 * each: something exported that has none, a link that leads nowhere.
 */
export async function writeReference({ root, into }: ReferenceOptions): Promise<string[]> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: (await Promise.all(packages.map((name) => entriesOf(root, name)))).flat(),
    // Its compiler is older than the project's, and knows fewer names of libraries.
    tsconfig: join(root, "packages", "reference", "tsconfig.docs.json"),
    basePath: join(root, "packages"),
    name: "Novacore",
    readme: "none",
    disableSources: true,
    excludeExternals: true,
    skipErrorChecking: true, // npm run check asks the project's own compiler
    validation: { notExported: false, invalidLink: true },
  });
  const problems: string[] = [];
  app.logger = new ProblemLogger(problems);
  const project = await app.convert();
  if (project === undefined) return ["The sources cannot be read.", ...problems];
  app.validate(project);
  problems.push(...undocumented(project).map((name) => `${name} has no doc comment.`));
  if (into !== undefined) await app.generateDocs(project, into);
  return problems;
}

/** Of what is exported: members whose name says it all have none (see the style of comments). */
function undocumented(project: ProjectReflection): string[] {
  return project
    .getReflectionsByKind(ReflectionKind.SomeExport)
    .filter((each) => each.parent?.kindOf(ReflectionKind.Module))
    .filter((each) => !each.kindOf([ReflectionKind.Module, ReflectionKind.Reference]))
    .filter((each) => !each.hasComment() && !hasDocumentedSignature(each))
    .map((each) => each.getFullName());
}

function hasDocumentedSignature(reflection: Reflection): boolean {
  if (!reflection.isDeclaration()) return false;
  return reflection.signatures?.some((signature) => signature.hasComment()) ?? false;
}

class ProblemLogger extends Logger {
  readonly #problems: string[];

  constructor(problems: string[]) {
    super();
    this.#problems = problems;
  }

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.#problems.push(message);
  }
}

async function entriesOf(root: string, name: string): Promise<string[]> {
  const folder = join(root, "packages", name);
  const { exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return Object.values<string | { readonly default: string }>(exports).map((file) =>
    join(folder, typeof file === "string" ? file : file.default),
  );
}
