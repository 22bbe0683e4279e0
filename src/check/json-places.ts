import { findNodeAtLocation, type Node, type ParseError, parseTree } from 'jsonc-parser';

/** Counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Where the keys of a JSON text lead to, or, with `isKey`, where the last of them itself stands. */
export function locateKeys(
  text: string,
  keys: readonly (string | number)[],
  isKey = false,
): TextPlace | undefined {
  const root = parse(text);
  // What is missing is told where it should stand: in the innermost object that is there.
  for (let length = keys.length; root !== undefined && length >= 0; length--) {
    const node = findNodeAtLocation(root, keys.slice(0, length));
    if (node === undefined) continue;
    return locate(text, isKey && length === keys.length ? keyOf(node).offset : node.offset);
  }
  return undefined;
}

function keyOf(node: Node): Node {
  return node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node;
}

/** The first place where the text is no JSON. */
export function locateSyntax(text: string): TextPlace | undefined {
  const errors: ParseError[] = [];
  parse(text, errors);
  const [first] = errors.sort((a, b) => a.offset - b.offset);
  return first === undefined ? undefined : locate(text, first.offset);
}

/** The parser calls itself for each bracket: of a text that is made of them no place is told. */
function parse(text: string, errors: ParseError[] = []): Node | undefined {
  try {
    return parseTree(text, errors, { disallowComments: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function locate(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  const begin = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - begin + 1 };
}
