// Fields of a form, each with what the API says is wrong with it.
import type { ComponentChildren, JSX } from "preact";
import { words } from "../words";

// A number with a comma or a point; the API says what it may be.
const NUMBER = "\\s*[\\-+]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][\\-+]?[0-9]+)?\\s*";

interface Shown {
  name: string;
  label: string;
  value: string;
  fault: string | undefined;
  change: (value: string) => void;
}

interface Input {
  type?: "text" | "number" | "time" | "password";
  required?: boolean;
  maxLength?: number;
  step?: "any";
  inputMode?: "decimal";
  pattern?: string;
  title?: string;
  placeholder?: string;
  list?: string;
}

/** What is wrong with a field, below it; the field says so by `aria-describedby`. */
export function Fault({ of: name, text }: { of: string; text: string | undefined }): JSX.Element | null {
  return text ? (
    <small class="fault" id={`fault-${name}`}>
      {text}
    </small>
  ) : null;
}

const marks = (name: string, fault: string | undefined): { "aria-invalid"?: true; "aria-describedby"?: string } =>
  fault ? { "aria-invalid": true, "aria-describedby": `fault-${name}` } : {};

function Framed({ name, label, fault, children }: Omit<Shown, "value" | "change"> & { children: ComponentChildren }): JSX.Element {
  return (
    <div class="field">
      <label>
        {label}
        {children}
      </label>
      <Fault of={name} text={fault} />
    </div>
  );
}

export function Field({ name, label, value, fault, change, ...input }: Shown & Input): JSX.Element {
  return (
    <Framed name={name} label={label} fault={fault}>
      <input autocomplete="off" {...(input as object)} {...marks(name, fault)} name={name} value={value} onInput={(event) => change(event.currentTarget.value)} />
    </Framed>
  );
}

/** A number as people type it. */
export function NumberField(props: Shown & { required?: boolean; placeholder?: string }): JSX.Element {
  return <Field {...props} inputMode="decimal" pattern={NUMBER} title={words.value.rule.aNumber} />;
}

export function Seconds(props: Shown & { required?: boolean }): JSX.Element {
  return <Field required {...props} type="number" step="any" />;
}

export function SelectField({ name, label, value, fault, change, options }: Shown & { options: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <Framed name={name} label={label} fault={fault}>
      <select name={name} value={value} {...marks(name, fault)} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key} selected={key === value}>
            {text}
          </option>
        ))}
      </select>
    </Framed>
  );
}
