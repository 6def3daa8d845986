// Files of exactly what is shown, written by the API.
import type { JSX } from "preact";
import { send } from "../api/client";
import { download } from "../charts/csv";
import { queryOf } from "../charts/load";
import { spanOf } from "../charts/span";
import { query } from "../router";
import { Button, ErrorNote, useDeed } from "../ui/parts";
import { words } from "../words";
import { askedBy, questionOf } from "./asked";

export function Save(): JSX.Element {
  const deed = useDeed(async (format: "csv" | "parquet") => {
    const asked = askedBy(query.peek());
    const question = questionOf(asked, asked.servers, spanOf(query.peek(), Date.now()));
    const answer = await send("GET", queryOf(question, format));
    download(`sentinela.${format}`, await answer.blob());
  });
  const isEmpty = askedBy(query.value).servers.length === 0;
  return (
    <>
      <Button disabled={deed.busy || isEmpty} onClick={() => deed.run("csv")}>
        {words.value.server.csv}
      </Button>
      <Button disabled={deed.busy || isEmpty} onClick={() => deed.run("parquet")}>
        {words.value.server.parquet}
      </Button>
      {deed.error ? <ErrorNote error={deed.error} /> : null}
    </>
  );
}
