// One condition of a rule: what is looked at, the level, and how long it must hold.
import type { JSX } from "preact";
import type { QuantityRead } from "../api/schema";
import { unit } from "../ui/hue";
import { Button } from "../ui/parts";
import { zoneOptions } from "../ui/zones";
import { quantityName, words } from "../words";
import { KINDS, type Part, SIDES, TIMES, hasLevels } from "./condition";
import { Fault, Field, NumberField, Seconds, SelectField } from "./fields";
import { unitOf } from "./wording";

export interface PartProps {
  part: Part;
  /** Its place among the rule's, and its name where there are several. */
  index: number;
  legend: string;
  quantities: readonly QuantityRead[];
  faults: ReadonlyMap<string, string>;
  change: (changed: Partial<Part>) => void;
  remove: (() => void) | null;
}

type Texts = { [K in keyof Part]: Part[K] extends string ? K : never }[keyof Part];
interface Bound {
  name: string;
  value: string;
  fault: string | undefined;
  change: (value: string) => void;
}

/** The fields' names are those of their faults, such as `parts.0.level`. */
function binder({ part, index, faults, change }: PartProps): (name: Texts) => Bound {
  return (name) => {
    const full = `parts.${index}.${name}`;
    return { name: full, value: part[name], fault: faults.get(full), change: (value) => change({ [name]: value }) };
  };
}

export function PartFields(props: PartProps): JSX.Element {
  const { part, index, legend, quantities, faults, remove } = props;
  const bound = binder(props);
  const { rule } = words.value;
  const own = `parts.${index}`;
  return (
    <fieldset class="part" aria-describedby={faults.has(own) ? `fault-${own}` : undefined}>
      <legend>{legend}</legend>
      <SelectField {...bound("kind")} label={rule.kind} options={KINDS.map((name) => [name, rule.kinds[name]])} />
      <div class="form">
        {part.kind === "offline" ? null : <SelectField {...bound("quantity")} label={rule.quantity} options={quantities.map((one) => [one.name, quantityName(one.name)])} />}
        {hasLevels(part) ? <SelectField {...bound("side")} label={rule.side} options={SIDES.map((name) => [name, rule.sides[name]])} /> : null}
      </div>
      {hasLevels(part) ? <Level {...props} /> : null}
      {part.kind === "rate" ? <Rate {...props} /> : null}
      {part.kind === "deviation" ? <Usual {...props} /> : null}
      <div class="form">
        {hasLevels(part) ? <NumberField {...bound("hysteresis")} label={`${rule.hysteresis}, ${unitOf(part)}`.replace(/, $/, "")} placeholder="0" /> : null}
        {part.kind === "nodata" ? <Seconds {...bound("silence")} label={rule.without} /> : <Seconds {...bound("hold")} label={rule.hold} />}
      </div>
      {hasLevels(part) ? (
        <details open={faults.has(`${own}.unknown`)}>
          <summary>{rule.more}</summary>
          <div class="form">
            <Seconds {...bound("unknown")} label={rule.unknown} />
          </div>
        </details>
      ) : null}
      <Fault of={own} text={faults.get(own)} />
      {remove ? (
        <p>
          <Button kind="danger" aria-label={rule.removeNamed(legend)} onClick={remove}>
            {rule.remove}
          </Button>
        </p>
      ) : null}
    </fieldset>
  );
}

function Level(props: PartProps): JSX.Element {
  const bound = binder(props);
  const { rule } = words.value;
  const named = (label: string): string => `${label}, ${unitOf(props.part)}`.replace(/, $/, "");
  const isBand = props.part.side === "outside" || props.part.side === "inside";
  return (
    <div class="form">
      {isBand ? (
        <>
          <NumberField {...bound("low")} label={named(rule.low)} required />
          <NumberField {...bound("high")} label={named(rule.high)} required />
        </>
      ) : (
        <NumberField {...bound("level")} label={named(rule.level)} required />
      )}
    </div>
  );
}

function Rate(props: PartProps): JSX.Element {
  const bound = binder(props);
  const { rule, alerts } = words.value;
  const symbol = unit(props.part.quantity);
  return (
    <div class="form">
      <SelectField {...bound("per")} label={rule.per} options={TIMES.map((name) => [name, `${symbol} ${alerts.a[name]}`.trim()])} />
      <Seconds {...bound("window")} label={rule.window} />
    </div>
  );
}

function Usual(props: PartProps): JSX.Element {
  const bound = binder(props);
  const { rule } = words.value;
  return (
    <>
      <div class="form">
        <Field {...bound("days")} label={rule.days} type="number" required />
        <SelectField {...bound("zone")} label={rule.zone} options={zoneOptions(props.part.zone)} />
      </div>
      <p class="soft">{rule.usualHint}</p>
    </>
  );
}
