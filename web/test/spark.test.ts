import { expect, it } from "vitest";
import { sparkPath } from "../src/fleet/spark";

it("noise below the least span stays small", () => {
  const heights = [...sparkPath("temperature", [20, 20.1, 20]).matchAll(/ ([\d.]+)/g)].map((one) => Number(one[1]));
  expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(3);
});

it("silence breaks the line", () => {
  const values = [1, 2, 3, null, null, null, null, 4, 5];
  expect(sparkPath("temperature", values).match(/M/g)).toHaveLength(2);
});

it("a server that sends every other interval has one line", () => {
  expect(sparkPath("temperature", [1, null, 2, null, 3]).match(/M/g)).toHaveLength(1);
});

it("nothing draws nothing", () => {
  expect(sparkPath("temperature", [null, null])).toBe("");
});
