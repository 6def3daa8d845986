import { expect, it } from "vitest";
import { guess, parseCsv } from "../src/jobs/preview";

it("quoted fields hold commas, quotes and line breaks", () => {
  expect(parseCsv('\uFEFFa,"b,""c"""\r\n"x\ny",2\n')).toEqual([
    ["a", 'b,"c"'],
    ["x\ny", "2"],
  ]);
});

it("columns are guessed by their names, each meaning once", () => {
  expect(guess(["node", "Time", "temp_c", "temp_f", "umidade", "note"])).toEqual([
    "server",
    "timestamp",
    "temperature",
    "",
    "humidity",
    "",
  ]);
});
