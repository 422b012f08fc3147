import { render } from "preact";
import { App } from "./shell/app.tsx";
import "./styles/style.css";
import "./styles/overview.css";
import "./styles/events.css";
import "./styles/access.css";
import "./styles/policy.css";

const root = document.getElementById("console");
if (root !== null) {
  render(<App />, root);
}
