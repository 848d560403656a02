/** A fenced block of a document. */
export interface Block {
  readonly language: string;
  /** The heading that it stands under. */
  readonly heading: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  readonly text: string;
}

export function readBlocks(document: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open:
    | { readonly language: string; readonly line: number; readonly lines: string[] }
    | undefined;
  for (const [index, content] of document.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(content);
    if (fence !== null && open === undefined) {
      open = { language: fence[1] ?? "", line: index + 1, lines: [] };
    } else if (fence !== null && open !== undefined) {
      const { language, line, lines } = open;
      blocks.push({ language, heading, line, text: lines.join("\n") });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(content);
    } else {
      heading = /^#+ (.*)$/.exec(content)?.[1] ?? heading;
    }
  }
  return blocks;
}
