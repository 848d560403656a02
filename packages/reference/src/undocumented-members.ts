import ts from "typescript";

/**
 * The members of a type that have no doc comment, as a compiler finds them that reads `path`, which
 * exports it: a source, or a declaration of a package. Of a union, those of each of its types, named
 * by what their `type` is. Throws an Error when nothing of that name is exported, or it has no member.
 */
export function undocumentedMembers(path: string, typeName: string): string[] {
  const program = ts.createProgram([path], {
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext, strict: true },
    ...{ allowImportingTsExtensions: true, noEmit: true, types: [] },
  });
  const checker = program.getTypeChecker();
  const type = exportedType(program, checker, path, typeName);
  const alternatives = type.isUnion() ? type.types : [type];
  return alternatives.flatMap((each) => {
    const members = each.getProperties();
    if (members.length === 0) throw new Error(`${typeName} of ${path} has a type without members.`);
    const kind = each.getProperty("type");
    const name =
      kind === undefined ? typeName : checker.typeToString(checker.getTypeOfSymbol(kind));
    return members
      .filter((member) => member.getDocumentationComment(checker).length === 0)
      .map((member) => `${name}.${member.name}`);
  });
}

function exportedType(
  program: ts.Program,
  checker: ts.TypeChecker,
  path: string,
  name: string,
): ts.Type {
  const file = program.getSourceFile(path);
  const module = file && checker.getSymbolAtLocation(file);
  const found = module && checker.getExportsOfModule(module).find((each) => each.name === name);
  if (found === undefined) throw new Error(`${path} exports no ${name}.`);
  const isAlias = (found.flags & ts.SymbolFlags.Alias) !== 0;
  return checker.getDeclaredTypeOfSymbol(isAlias ? checker.getAliasedSymbol(found) : found);
}
