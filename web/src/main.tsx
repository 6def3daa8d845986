import { render } from "preact";
import "./styles/index.css";
import { App } from "./app";
import { resume } from "./api/session";
import { ready } from "./words";

const root = document.getElementById("app");
if (root) {
  void resume();
  void ready.then(() => render(<App />, root));
}
