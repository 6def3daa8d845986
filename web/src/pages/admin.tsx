import type { JSX } from "preact";
export function AdminPage(): JSX.Element {
  return <div class="page" />;
}
