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
    byId("forget-ask").addEventListener("click", () => this.question());
    byId("forget-keep").addEventListener("click", () => this.keep());
    byId("forget-do").addEventListener("click", () => this.send());
    byId("forget-sure").addEventListener("keydown", (event) => event.key === "Escape" && this.keep());
  }

  /** Another stream is shown; the demo makes its own points and stays. */
  show(name) {
    this.name = name;
    clearProblem("forget-problem");
    byId("forget-sure").hidden = true;
    byId("forget-ask").hidden = name === DEMO;
  }

  question() {
    const points = this.pointsOf();
    const all = Number.isFinite(points) ? `its ${counted(points, "point")}` : "its points";
    byId("forget-what").textContent =
      `Delete ${this.name} with ${all}, labels and messages switched on? This cannot be undone.`;
    byId("forget-ask").hidden = true;
    byId("forget-sure").hidden = false;
    byId("forget-keep").focus();
    announce(byId("forget-what").textContent);
  }

  keep() {
    this.show(this.name);
    byId("forget-ask").focus();
  }

  async send() {
    const { name } = this;
    clearProblem("forget-problem");
    try {
      await ask("DELETE", this.urlOf());
    } catch (error) {
      if (error.status === undefined) throw error;
      showProblem("forget-problem", error);
      return;
    }
    await this.onGone();
    byId("stream").focus();
    announce(`${name} is deleted.`);
  }
}
