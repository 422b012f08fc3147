import ts from "typescript";

/**
 * What the docstrings of a file's exports lack, in words: an export has one, and one that throws an error of ours says so by `@throws`.
 * An `Error` of no class of its own says that the code is wrong: nobody handles it, and no docstring names it.
 */
export function findDocstringFaults(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return file.statements
    .filter(isExported)
    .flatMap((statement) => [
      ...(ts.getJSDocCommentsAndTags(statement).length === 0
        ? [`${nameOf(statement)} has no docstring`]
        : []),
      ...throwFaults(statement),
    ])
    .map((fault) => `${path}: ${fault}`);
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(
      ({ kind }) => kind === ts.SyntaxKind.ExportKeyword,
    )
  );
}

function throwFaults(node: ts.Node): string[] {
  if (hasName(node) && ts.isPrivateIdentifier(node.name)) {
    return [];
  }
  const faults: string[] = [];
  const hasProse = ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .some(({ comment }) =>
      /\bThrows\b/.test(ts.getTextOfJSDocComment(comment) ?? ""),
    );
  if (hasProse) {
    faults.push(`${nameOf(node)} says what it throws without @throws`);
  }
  if (!ts.isFunctionLike(node)) {
    ts.forEachChild(node, (child) => {
      faults.push(...throwFaults(child));
    });
    return faults;
  }
  const thrown = findThrown(node);
  const saysSo = ts
    .getJSDocTags(node)
    .some(({ tagName }) => tagName.text === "throws");
  if (thrown !== undefined && !saysSo) {
    faults.push(`${nameOf(node)} throws ${thrown}, and has no @throws`);
  }
  return faults;
}

/** What a function throws by itself, not by those that it calls or defines, nor what it only passes on. */
function findThrown(node: ts.Node): string | undefined {
  if (ts.isThrowStatement(node) && !ts.isIdentifier(node.expression)) {
    const { expression } = node;
    const thrown = ts.isNewExpression(expression)
      ? expression.expression
      : expression;
    return thrown.getText() === "Error" ? undefined : thrown.getText();
  }
  return ts.forEachChild(node, (child) =>
    ts.isFunctionLike(child) ? undefined : findThrown(child),
  );
}

function hasName(
  node: ts.Node,
): node is ts.Node & { readonly name: ts.DeclarationName } {
  return "name" in node && node.name !== undefined;
}

function nameOf(node: ts.Node): string {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations
      .map(({ name }) => name.getText())
      .join(", ");
  }
  return hasName(node) ? node.name.getText() : ts.SyntaxKind[node.kind];
}
