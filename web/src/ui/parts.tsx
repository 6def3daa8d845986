// Small parts that every page is made of.
import type { ComponentChildren, JSX } from "preact";
import { useSignal } from "@preact/signals";
import { Problem, Unreachable } from "../api/client";
import type { Resource } from "../api/resource";
import { words } from "../words";

export function Button({
  kind,
  ...rest
}: JSX.IntrinsicElements["button"] & { kind?: "main" | "danger" | "plain" }): JSX.Element {
  return <button type="button" {...rest} class={`button ${kind ?? ""}`} />;
}

/** What went wrong, in the API's own words where it has some. */
export function explain(error: unknown): string {
  if (error instanceof Unreachable) return words.value.problem.unreachable;
  if (error instanceof Problem) {
    const fields = error.fields.map((field) => `${field.loc.at(-1) ?? ""}: ${field.msg}`);
    return fields.length > 0 ? fields.join(" · ") : error.message || error.title;
  }
  return words.value.problem.unexpected;
}

export function ErrorNote({ error, again }: { error: unknown; again?: () => void }): JSX.Element {
  return (
    <div class="problem" role="alert">
      <p>{explain(error)}</p>
      {again ? <Button onClick={again}>{words.value.problem.again}</Button> : null}
    </div>
  );
}

export function Skeleton({ rows = 3 }: { rows?: number }): JSX.Element {
  return (
    <div class="stack" role="status" aria-label={words.value.problem.loading}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton" />
      ))}
    </div>
  );
}

/** A resource in its three states; while it loads anew the former value stays. */
export function Loaded<T>({
  of: resource,
  rows,
  children,
}: {
  of: Resource<T>;
  rows?: number;
  children: (value: T) => ComponentChildren;
}): JSX.Element {
  const state = resource.state.value;
  if (state.kind === "failed") {
    if (state.error instanceof Problem && state.error.status === 403) return <Empty of="forbidden" />;
    if (state.error instanceof Problem && state.error.status === 404) return <Empty of="notFound" />;
    return <ErrorNote error={state.error} again={resource.again} />;
  }
  if (state.kind === "ready") return <>{children(state.value)}</>;
  return state.before === undefined ? <Skeleton rows={rows ?? 3} /> : <>{children(state.before)}</>;
}

export function Empty({ of: kind }: { of: "forbidden" | "notFound" }): JSX.Element {
  const { problem } = words.value;
  return (
    <div class="stack">
      <h1>{problem[kind]}</h1>
      <p class="soft">{kind === "forbidden" ? problem.forbiddenText : problem.notFoundText}</p>
      <p>
        <a class="button" href="/ui/">
          {problem.home}
        </a>
      </p>
    </div>
  );
}

export function Copy({ text, label, kind }: { text: () => string; label: string; kind?: "main" }): JSX.Element {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    await writeClipboard(text());
    copied.value = true;
    setTimeout(() => (copied.value = false), 2000);
  };
  return (
    <Button {...(kind ? { kind } : {})} onClick={() => void copy()}>
      <span aria-live="polite">{copied.value ? words.value.action.copied : label}</span>
    </Button>
  );
}

async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http from another machine has no clipboard: the old way still works there.
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}

/** Something that is being done, and what went wrong with it. */
export function useDeed<A extends unknown[]>(
  act: (...values: A) => Promise<void>,
): { run: (...values: A) => void; busy: boolean; error: unknown } {
  const busy = useSignal(false);
  const error = useSignal<unknown>(null);
  const run = (...values: A): void => {
    busy.value = true;
    error.value = null;
    act(...values)
      .catch((reason: unknown) => (error.value = reason))
      .finally(() => (busy.value = false));
  };
  return { run, busy: busy.value, error: error.value };
}

/** The fields of a form by their names. */
export function fieldsOf(event: Event): Record<string, string> {
  event.preventDefault();
  const data = new FormData(event.currentTarget as HTMLFormElement);
  return Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
}
