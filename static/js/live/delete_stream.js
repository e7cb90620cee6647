// A stream deleted from the page, once a person has said so twice.
import { ask } from "../ui/api.js";
import { announce, byId } from "../ui/dom.js";
import { counted } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const DEMO = "demo";

export class Forget {
  /** `urlOf()` is the address of the stream shown, `pointsOf()` how many points it has; `onGone()` shows another. */
  constructor(urlOf, pointsOf, onGone) {
    Object.assign(this, { urlOf, pointsOf, onGone, name: "" });
    byId("delete-open").addEventListener("click", () => this.question());
    byId("delete-no").addEventListener("click", () => this.keep());
    byId("delete-yes").addEventListener("click", () => this.send());
    byId("delete-confirm").addEventListener("keydown", (event) => event.key === "Escape" && this.keep());
  }

  /** Another stream is shown; the demo makes its own points and stays. */
  show(name) {
    this.name = name;
    clearProblem("delete-problem");
    byId("delete-confirm").hidden = true;
    byId("delete-open").hidden = name === DEMO;
  }

  question() {
    const points = this.pointsOf();
    const all = Number.isFinite(points) ? `its ${counted(points, "point")}` : "its points";
    byId("delete-question").textContent =
      `Delete ${this.name} with ${all}, labels and messages switched on? This cannot be undone.`;
    byId("delete-open").hidden = true;
    byId("delete-confirm").hidden = false;
    byId("delete-no").focus();
    announce(byId("delete-question").textContent);
  }

  keep() {
    this.show(this.name);
    byId("delete-open").focus();
  }

  async send() {
    const { name } = this;
    clearProblem("delete-problem");
    try {
      await ask("DELETE", this.urlOf());
    } catch (error) {
      if (error.status === undefined) throw error;
      showProblem("delete-problem", error);
      return;
    }
    await this.onGone();
    byId("stream").focus();
    announce(`${name} is deleted.`);
  }
}
