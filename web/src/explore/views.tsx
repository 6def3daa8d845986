// Saved views: what is looked at often, under a name; they are the person's own, in each workspace.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { useResource } from "../api/resource";
import type { ViewRead } from "../api/schema";
import { instants } from "../format";
import { path, query } from "../router";
import { showZone, workspace, zone } from "../settings";
import { Button, ErrorNote, Loaded, fieldsOf, useDeed } from "../ui/parts";
import { words } from "../words";

export function Views(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  // Asked for when it is first opened.
  const isOpen = useSignal(false);
  const { views } = words.value;
  return (
    <>
      <Button
        onClick={() => {
          isOpen.value = true;
          dialog.current?.showModal();
        }}
      >
        {views.title}
      </Button>
      <dialog ref={dialog} aria-labelledby="views-title" onClose={() => (isOpen.value = false)}>
        <div class="stack">
          <h2 id="views-title">{views.title}</h2>
          {isOpen.value ? <List close={() => dialog.current?.close()} /> : null}
        </div>
      </dialog>
    </>
  );
}

function List({ close }: { close: () => void }): JSX.Element {
  const found = useResource((signal) => {
    void workspace.value;
    return ask("GET /views", { signal });
  });
  return (
    <>
      <Loaded of={found}>{(list) => <Saved list={list} again={found.again} close={close} />}</Loaded>
      <div class="form">
        <Button onClick={close}>{words.value.action.close}</Button>
      </div>
    </>
  );
}

function Saved({ list, again, close }: { list: readonly ViewRead[]; again: () => void; close: () => void }): JSX.Element {
  const { views, action } = words.value;
  const forget = useDeed(async (view: ViewRead) => {
    await ask("DELETE /views/{view_id}", { path: { view_id: view.view_id } });
    again();
  });
  const open = (view: ViewRead): void => {
    showZone(new URLSearchParams(view.query).get("tz"));
    close();
  };
  return (
    <>
      <SaveForm list={list} again={again} />
      {list.length === 0 ? <p class="soft">{views.none}</p> : null}
      {forget.error ? <ErrorNote error={forget.error} /> : null}
      <ul class="list">
        {list.map((view) => (
          <li key={view.view_id}>
            <a href={`/ui${path.value}?${view.query}`} onClick={() => open(view)}>
              {view.name}
              <small class="soft">{instants.full(Date.parse(view.saved_at))}</small>
            </a>
            <Button kind="danger" disabled={forget.busy} aria-label={views.forget(view.name)} onClick={() => forget.run(view)}>
              {action.delete}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}

function SaveForm({ list, again }: { list: readonly ViewRead[]; again: () => void }): JSX.Element {
  const name = useSignal("");
  const { views } = words.value;
  const same = list.find((one) => one.name === name.value.trim());
  const save = useDeed(async (chosen: string) => {
    // The zone belongs to what is seen: days begin elsewhere in another.
    const asked = new URLSearchParams(query.peek());
    asked.set("tz", zone.peek());
    const body = { name: chosen, query: asked.toString() };
    if (same) await ask("PUT /views/{view_id}", { path: { view_id: same.view_id }, body });
    else await ask("POST /views", { body });
    name.value = "";
    again();
  });
  return (
    <form class="form" onSubmit={(event) => save.run(fieldsOf(event)["name"] ?? "")}>
      <label>
        {views.name}
        <input name="name" required maxLength={200} autocomplete="off" value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
      </label>
      <Button kind="main" type="submit" disabled={save.busy || name.value.trim() === ""}>
        {same ? views.replace : views.save}
      </Button>
      {save.error ? <ErrorNote error={save.error} /> : null}
    </form>
  );
}
