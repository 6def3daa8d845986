import { describe, expect, it } from "vitest";
import { allowance, append, columnsOf, statistics, trim } from "../src/charts/series";

const at = (seconds: number): string => new Date(1_700_000_000_000 + seconds * 1000).toISOString();
const raw = (...seconds: number[]): { timestamp: string; temperature: number }[] =>
  seconds.map((second) => ({ timestamp: at(second), temperature: second }));

describe("columns of rows", () => {
  it("breaks the line where several readings are missing", () => {
    const column = columnsOf(raw(0, 1, 2, 3, 20, 21), null).get("temperature");
    expect(column?.gaps).toEqual([[1_700_000_003, 1_700_000_020]]);
    expect(column?.values).toEqual([0, 1, 2, 3, null, 20, 21]);
  });

  it("takes one missed reading for jitter", () => {
    expect(columnsOf(raw(0, 1, 2, 4, 5), null).get("temperature")?.gaps).toEqual([]);
  });

  it("breaks the line where a bucket is missing", () => {
    const column = columnsOf(raw(0, 60, 180), 60).get("temperature");
    expect(column?.gaps).toEqual([[1_700_000_060, 1_700_000_180]]);
  });

  it("reads means with their lowest and highest", () => {
    const rows = [{ timestamp: at(0), temperature_mean: 2, temperature_min: 1, temperature_max: 3 }];
    expect(columnsOf(rows, 60).get("temperature")).toMatchObject({ values: [2], low: [1], high: [3] });
  });

  it("keeps a quantity that comes in readings of its own apart from the others", () => {
    const rows = [
      { timestamp: at(0), temperature: 1 },
      { timestamp: at(1), humidity: 50 },
      { timestamp: at(2), temperature: 2 },
    ];
    const found = columnsOf(rows, null);
    expect(found.get("temperature")?.values).toEqual([1, 2]);
    expect(found.get("humidity")?.values).toEqual([50]);
  });
});

describe("live readings", () => {
  it("are added at the end and never twice", () => {
    const columns = columnsOf(raw(0, 1, 2), null);
    append(columns, 1_700_000_003, { temperature: 9 });
    append(columns, 1_700_000_003, { temperature: 9 });
    expect(columns.get("temperature")?.values).toEqual([0, 1, 2, 9]);
  });

  it("leave a gap after silence", () => {
    const columns = columnsOf(raw(0, 1, 2), null);
    append(columns, 1_700_000_060, { temperature: 9 });
    expect(columns.get("temperature")?.gaps).toHaveLength(1);
  });

  it("are forgotten when they have left the window", () => {
    const columns = columnsOf(raw(...Array.from({ length: 2000 }, (_, i) => i)), null);
    trim(columns, 1_700_001_000);
    expect(columns.get("temperature")?.times[0]).toBe(1_700_001_000);
  });
});

it("statistics take what lies in the window, extremes from the band", () => {
  const rows = [0, 60, 120].map((s) => ({ timestamp: at(s), v_mean: s, v_min: s - 5, v_max: s + 5 }));
  const column = columnsOf(rows, 60).get("v");
  expect(column && statistics(column, 1_700_000_050, 1_700_000_200)).toEqual({ min: 55, max: 125, mean: 90 });
});

it("the allowance follows the usual distance", () => {
  expect(allowance([0, 10, 20, 30])).toBe(35);
  expect(allowance([0, 0.1, 0.2])).toBe(2);
});
