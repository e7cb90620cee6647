// The form for demo data: its kind, size and seed.
import { find, optionsOf } from "../ui/dom.js";

export class DemoForm {
  /**
   * @param {HTMLElement} root
   * @param {(query: Record<string, string>) => void} onLoad
   */
  constructor(root, onLoad) {
    this.kind = find(root, "#demo-kind", HTMLSelectElement);
    this.help = find(root, "#demo-help");
    this.points = find(root, "#demo-points", HTMLInputElement);
    this.seed = find(root, "#demo-seed", HTMLInputElement);
    /** @type {{name: string, title: string, help: string}[]} */
    this.kinds = [];
    this.kind.addEventListener("change", () => this.showHelp());
    find(root, "#demo").addEventListener("click", () => onLoad(this.query));
  }

  /** Offers the kinds that the service has; `wanted` comes from the address. */
  offer(kinds, wanted) {
    this.kinds = kinds;
    this.kind.replaceChildren(...optionsOf(kinds.map(({ name, title }) => ({ value: name, text: title }))));
    if (kinds.some(({ name }) => name === wanted?.kind)) this.kind.value = wanted.kind;
    if (wanted?.points) this.points.value = wanted.points;
    if (wanted?.seed) this.seed.value = wanted.seed;
    this.kind.disabled = false;
    this.showHelp();
  }

  showHelp() {
    const { help = "" } = this.kinds.find(({ name }) => name === this.kind.value) ?? {};
    this.help.textContent = `${help} Faults are injected at known positions.`;
  }

  get query() {
    return { kind: this.kind.value, points: this.points.value, seed: this.seed.value };
  }
}
