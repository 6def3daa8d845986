// Asking the API: typed by the operations of the OpenAPI document, errors as the API words them.
import { language, workspace } from "../settings";
import type { Operations } from "./schema";

/** An answer that is no success: RFC 9457. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly fields: readonly { loc: readonly (string | number)[]; msg: string }[] = [],
    /** Which error it is, such as `totp-required`. */
    readonly kind = "",
  ) {
    super(detail);
    this.name = "Problem";
  }
}

/** The API could not be reached at all. */
export class Unreachable extends Error {}

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;
export interface Ask<Body> {
  path?: Record<string, string>;
  query?: Query;
  body?: Body;
  signal?: AbortSignal;
}

let csrfToken = "";
let onSignedOut: () => void = () => undefined;

/** What every request that changes something carries; the session's answer says it. */
export function useCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when an answer says that nobody is signed in any more. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export function headers(): Record<string, string> {
  const sent: Record<string, string> = { "Accept-Language": language.value };
  if (workspace.value) sent["Sentinela-Workspace"] = workspace.value;
  if (csrfToken) sent["Sentinela-CSRF"] = csrfToken;
  return sent;
}

/** One request; the answer is for those who need its headers. Throws Problem, Unreachable, or AbortError. */
export async function send(method: string, url: string, options: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, { ...options, method, headers: { ...headers(), ...(options.headers as object) } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(String(error));
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  // A wrong password or code beside a session leaves the session as it is.
  if (answer.status === 401 && !DISPROVED.has(problem.kind)) onSignedOut();
  throw problem;
}

const DISPROVED: ReadonlySet<string> = new Set(["wrong-password", "totp-required", "wrong-totp"]);

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { type?: string; title?: string; detail?: string; errors?: Problem["fields"] };
    const kind = body.type?.split(":").at(-1);
    return new Problem(answer.status, body.title ?? answer.statusText, body.detail ?? "", body.errors, kind);
  } catch {
    return new Problem(answer.status, answer.statusText, "");
  }
}

/** The address of the next page of a list; null: this was the last. */
export function nextPage(answer: Response): string | null {
  return /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1] ?? null;
}

/** One operation of the API, as `ask("GET /servers/{server_ulid}", { path: { server_ulid } })`. */
export async function ask<Name extends keyof Operations>(name: Name, what: Ask<Operations[Name]["body"]> = {}): Promise<Operations[Name]["answer"]> {
  const text = await (await answerTo(name, what)).text();
  return (text ? JSON.parse(text) : undefined) as Operations[Name]["answer"];
}

/** All of a list, page by page. */
export async function askAll<Name extends keyof Operations>(name: Name, what: Ask<undefined> = {}): Promise<Operations[Name]["answer"]> {
  const rows: unknown[] = [];
  let answer = await answerTo(name, what);
  for (;;) {
    rows.push(...((await answer.json()) as unknown[]));
    const next = nextPage(answer);
    if (!next) return rows as Operations[Name]["answer"];
    answer = await send("GET", next, what.signal ? { signal: what.signal } : {});
  }
}

async function answerTo(name: string, { path = {}, query, body, signal }: Ask<unknown>): Promise<Response> {
  const [method = "GET", pattern = ""] = name.split(" ");
  const filled = pattern.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(path[key] ?? ""));
  const options: RequestInit = signal ? { signal } : {};
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  return send(method, address(filled, query), options);
}
