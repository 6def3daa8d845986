import { expect, it } from "vitest";
import { FrameReader } from "../src/live/frames";

const WHOLE = 'retry: 2000\n\nid: 5-0\nevent: reading\ndata: [{"a":1}]\n\n: alive\nid: 6-0\n\n';

it("frames are the same however the bytes are cut", () => {
  for (let cut = 1; cut < WHOLE.length; cut += 1) {
    const reader = new FrameReader();
    const found = [...reader.read(WHOLE.slice(0, cut)), ...reader.read(WHOLE.slice(cut))];
    expect(found).toEqual([
      { id: "5-0", event: "reading", data: '[{"a":1}]' },
      { id: "6-0", event: "message", data: "" },
    ]);
  }
});
