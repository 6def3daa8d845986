// Where we are. What a page shows is in the URL, so that Back, reload and a copied link all do what they say.
import { computed, signal } from "@preact/signals";

const BASE = "/ui";

export interface Place {
  path: string;
  query: URLSearchParams;
}

function read(): Place {
  const path = window.location.pathname.slice(BASE.length).replace(/\/+$/, "") || "/";
  return { path, query: new URLSearchParams(window.location.search) };
}

export const place = signal<Place>(read());
export const path = computed(() => place.value.path);
export const query = computed(() => place.value.query);

window.addEventListener("popstate", () => {
  place.value = read();
});

/** The address of a page, for links. */
export function href(to: string, values: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) search.set(name, value);
  const text = search.toString();
  return `${BASE}${to}${text ? `?${text}` : ""}`;
}

/** Go to an address of `href`; with `replace`, Back does not come here again. */
export function go(address: string, replace = false): void {
  const before = window.location.pathname;
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  place.value = read();
  if (window.location.pathname !== before) window.scrollTo(0, 0);
}

/** The same page with some of its query changed; an empty value removes a name. */
export function change(values: Record<string, string | undefined>, replace = false): void {
  const search = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(values)) {
    if (value) search.set(name, value);
    else search.delete(name);
  }
  const text = search.toString();
  go(`${BASE}${place.value.path}${text ? `?${text}` : ""}`, replace);
}

/** Links within the page are followed without loading it anew. */
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
  if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

/** The parameters of a pattern such as `/servers/:ulid`, or null when the path is another. */
export function match(pattern: string, actual: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const found = actual.split("/");
  if (wanted.length !== found.length) return null;
  const values: Record<string, string> = {};
  for (const [index, word] of wanted.entries()) {
    const part = found[index] ?? "";
    if (word.startsWith(":")) values[word.slice(1)] = part;
    else if (word !== part) return null;
  }
  return values;
}
