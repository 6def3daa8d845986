// Server-sent events from the bytes of a response: EventSource sends no headers, so it could name no workspace.

export interface Frame {
  id: string;
  event: string;
  data: string;
}

/** Feeds text in any pieces, gives whole frames; a comment alone gives none. */
export class FrameReader {
  private rest = "";

  read(text: string): Frame[] {
    const blocks = (this.rest + text).split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(parse).filter((frame) => frame.id !== "" || frame.data !== "");
  }
}

function parse(block: string): Frame {
  const frame: Frame = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon <= 0) continue;
    const value = line.slice(colon + 2);
    const name = line.slice(0, colon);
    if (name === "id") frame.id = value;
    else if (name === "event") frame.event = value;
    else if (name === "data") frame.data += value;
  }
  return frame;
}
