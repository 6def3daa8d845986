// Adding a server: a name, then its device key and the page that waits for its first reading.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { ask } from "../api/client";
import { go, href } from "../router";
import { words } from "../words";
import { FormDialog } from "./form-dialog";
import { Button, fieldsOf, useDeed } from "./parts";

/** Device keys of servers made in this tab: the page that waits for the first reading shows the ready command. */
export const freshKeys = new Map<string, string>();

export function AddServer({ main }: { main?: boolean }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { add, fleet } = words.value;
  const deed = useDeed(async (name: string, site: string) => {
    const tags: Record<string, string> = site ? { site } : {};
    const made = await ask("POST /servers", { body: { server_name: name, tags } });
    freshKeys.set(made.server_ulid, made.device_key);
    dialog.current?.close();
    go(href(`/servers/${made.server_ulid}`));
  });
  const submit = (event: Event): void => {
    const fields = fieldsOf(event);
    deed.run(fields["name"] ?? "", (fields["site"] ?? "").trim());
  };
  return (
    <>
      <Button {...(main ? { kind: "main" as const } : {})} onClick={() => dialog.current?.showModal()}>
        {fleet.add}
      </Button>
      <FormDialog dialog={dialog} id="add-title" title={add.title} does={add.create} deed={deed} submit={submit}>
        <label>
          {add.name}
          <input name="name" required maxLength={200} autocomplete="off" />
        </label>
        <label>
          {add.site}
          <input name="site" maxLength={60} autocomplete="off" />
        </label>
      </FormDialog>
    </>
  );
}
