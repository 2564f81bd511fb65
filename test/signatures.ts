import { sep } from 'node:path';
import ts from '@tslab/typescript-for-tslab';

const SETTINGS: ts.CompilerOptions = {
  strict: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
};

const homeOf = (symbol: ts.Symbol): string => symbol.declarations?.[0]?.getSourceFile().fileName ?? '';

/** Types of the library that what `index` exports names in a signature, and that `index` does not export. */
export function unexportedTypes(index: string): string[] {
  const program = ts.createProgram([index], SETTINGS);
  const checker = program.getTypeChecker();
  const folder = index.slice(0, -'index.d.ts'.length).replaceAll(sep, '/');
  const isOwn = (symbol: ts.Symbol): boolean => homeOf(symbol).startsWith(folder);
  const real = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exportsOf = (module: ts.Symbol): ts.Symbol[] => checker.getExportsOfModule(module).map(real);

  const root = exportsOf(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  const exported = new Set(root);
  const isNamed = (symbol: ts.Symbol): boolean => {
    const file = symbol.declarations![0]!.getSourceFile();
    return exportsOf(checker.getSymbolAtLocation(file)!).includes(symbol);
  };
  const missing = new Set<string>();
  const seen = new Set<ts.Type>();
  const note = (symbol: ts.Symbol | undefined): void => {
    const kinds = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias;
    if (symbol && symbol.flags & kinds && isOwn(symbol) && !exported.has(symbol) && isNamed(symbol))
      missing.add(`${homeOf(symbol).slice(folder.length)}: ${symbol.name}`);
  };
  const visitSignature = (signature: ts.Signature): void => {
    for (const parameter of signature.getParameters()) visit(checker.getTypeOfSymbol(parameter));
    visit(signature.getReturnType());
  };
  function visit(type: ts.Type): void {
    note(type.aliasSymbol);
    note(type.symbol);
    if (seen.has(type)) return;
    seen.add(type);
    for (const part of type.aliasTypeArguments ?? []) visit(part);
    if (type.isUnionOrIntersection()) for (const part of type.types) visit(part);
    if (type.flags & ts.TypeFlags.Object && (type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference)
      for (const part of checker.getTypeArguments(type as ts.TypeReference)) visit(part);
    if (type.symbol && !isOwn(type.symbol)) return;
    for (const property of type.getProperties()) if (isOwn(property)) visit(checker.getTypeOfSymbol(property));
    for (const signature of type.getCallSignatures()) visitSignature(signature);
  }
  for (const symbol of root.flatMap((one) =>
    one.flags & ts.SymbolFlags.ValueModule && isOwn(one) ? exportsOf(one) : [one],
  ))
    if (symbol.flags & ts.SymbolFlags.Value && isOwn(symbol)) visit(checker.getTypeOfSymbol(symbol));
  return [...missing].sort();
}
