// How good a window's data is: what is missing, stuck, out of range, and how it arrived.
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { QualityOfServer } from "../api/schema";
import { spanOf } from "../charts/span";
import { count, share } from "../format";
import { query } from "../router";
import { Loaded } from "../ui/parts";
import { quantityName, words } from "../words";

export function Quality({ ulid }: { ulid: string }): JSX.Element {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{words.value.quality.title}</summary>
      {isOpen.value ? <Report ulid={ulid} /> : null}
    </details>
  );
}

function Report({ ulid }: { ulid: string }): JSX.Element {
  const found = useResource((signal) => {
    const { from, to } = spanOf(query.value, Date.now());
    const window = { start_time: new Date(from).toISOString(), end_time: new Date(to).toISOString() };
    return ask("GET /data/quality", { query: { server_ulid: [ulid], ...window }, signal });
  });
  return <Loaded of={found}>{([quality]) => (quality ? <Figures quality={quality} /> : null)}</Loaded>;
}

function Figures({ quality }: { quality: QualityOfServer }): JSX.Element {
  const text = words.value.quality;
  const { readings, expected, completeness, gaps, arrivals, quantities } = quality;
  const figures: [string, string][] = [
    [text.readings, expected === null ? count(readings) : text.of(count(readings), count(expected))],
    [text.completeness, completeness === null ? "–" : share(completeness)],
    [text.gaps, text.stretches(gaps.count, count(gaps.seconds))],
  ];
  if (arrivals) figures.push([text.duplicates, count(arrivals.duplicates)], [text.rejected, count(arrivals.rejected)]);
  return (
    <div class="card">
      <dl class="keys">
        {figures.map(([name, figure]) => (
          <>
            <dt>{name}</dt>
            <dd>{figure}</dd>
          </>
        ))}
      </dl>
      <div class="scroll" tabIndex={0}>
        <table class="values">
          <thead>
            <tr>
              <th scope="col">{words.value.explore.quantities}</th>
              <th scope="col">{text.readings}</th>
              <th scope="col">{text.outOfRange}</th>
              <th scope="col">{text.stuck}</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(quantities).map(([name, of]) => (
              <tr key={name}>
                <td>{quantityName(name)}</td>
                <td>{count(of.readings)}</td>
                <td>{of.out_of_range === null ? "–" : count(of.out_of_range)}</td>
                <td>{text.stretches(of.stuck.count, count(of.stuck.seconds))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
